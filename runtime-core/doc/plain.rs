// A flavour for the examples of this crate, which knows no runtime. Included by them, hidden.
#[derive(Clone, Copy, Debug)]
pub struct Plain;

impl spumoni_core::Flavour for Plain {
    type Mode = spumoni_core::Async;
    fn key(self) -> &'static spumoni_core::flavour::FlavourKey {
        static KEY: spumoni_core::flavour::FlavourKey =
            spumoni_core::flavour::FlavourKey::new("plain");
        &KEY
    }
    fn engine(self) -> spumoni_core::flavour::Engine<Self::Mode> {
        spumoni_core::flavour::Engine::lane(Plain)
    }
}

impl spumoni_core::flavour::LaneEngine for Plain {
    fn drive(&self, lane: spumoni_core::flavour::LaneLoop) -> std::io::Result<()> {
        async_io::block_on(lane.run(|| true));
        Ok(())
    }
    fn timer(&self, deadline: std::time::Instant) -> spumoni_core::flavour::Timer {
        Box::pin(async move { drop(async_io::Timer::at(deadline).await) })
    }
}
