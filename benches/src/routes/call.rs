//! A plain thread hands a payload over and blocks until its value is there: `execute`.

use std::hint::black_box;
use std::time::Duration;

use spumoni::{Smol, Tokio};

use crate::measure::{Contestant, Effort, Pace, Route, pause, timed};
use crate::peers::{
    Actix, AsyncStdGlobal, Call, ChannelPair, CurrentThread, EventfdPair, FutexPair, Here, Lane,
    LocalRuntimeFed, LocalSetFed, MultiThread, OneThread, ParkPair, Pool, RayonOne, SmolExecutor,
    SmolFed, SmolGlobal, SpawnBlocking, Tracked, Unblock,
};
use crate::record::Kind::{self, Limit, Peer, Spumoni};

/// When the next call comes.
#[derive(Clone, Copy)]
enum Rhythm {
    /// 30 µs after the end of the one before: the lane sleeps when it comes.
    Resting,
    /// At once.
    Hot,
}

const REST: Duration = Duration::from_micros(30);
/// How many hot calls make one figure.
const BATCH: u32 = 64;

/// To a lane that sleeps.
pub(crate) fn idle() -> Route {
    Route {
        name: "call-idle",
        title: "a plain thread calls an idle lane and gets the value back, one call each 30 µs",
        unit: "ns a call",
        pace: Pace::Short,
        contestants: lanes(Rhythm::Resting),
    }
}

/// To a lane that has just answered.
pub(crate) fn hot() -> Route {
    Route {
        name: "call-hot",
        title: "a plain thread calls a lane and gets the value back, the next call at once",
        unit: "ns a call",
        pace: Pace::Short,
        contestants: lanes(Rhythm::Hot),
    }
}

/// A closure, with a rest before each call.
pub(crate) fn thread_idle() -> Route {
    Route {
        name: "thread-call-idle",
        title: "a plain thread has a closure called and gets the value, one call each 30 µs",
        unit: "ns a call",
        pace: Pace::Short,
        contestants: threads(Rhythm::Resting),
    }
}

/// A closure, without rest.
pub(crate) fn thread_hot() -> Route {
    Route {
        name: "thread-call-hot",
        title: "a plain thread has a closure called and gets the value, the next call at once",
        unit: "ns a call",
        pace: Pace::Short,
        contestants: threads(Rhythm::Hot),
    }
}

fn lanes(rhythm: Rhythm) -> Vec<Contestant> {
    vec![
        row::<FutexPair<0, 0>>(Limit, rhythm),
        row::<FutexPair<50, 0>>(Limit, rhythm),
        row::<FutexPair<50, 20>>(Limit, rhythm),
        row::<EventfdPair<false>>(Limit, rhythm),
        row::<ParkPair>(Limit, rhythm),
        row::<CurrentThread>(Peer, rhythm),
        row::<MultiThread>(Peer, rhythm),
        row::<LocalSetFed>(Peer, rhythm),
        row::<LocalRuntimeFed>(Peer, rhythm),
        row::<Tracked>(Peer, rhythm),
        row::<Actix>(Peer, rhythm),
        row::<SmolGlobal>(Peer, rhythm),
        row::<SmolExecutor>(Peer, rhythm),
        row::<SmolFed>(Peer, rhythm),
        row::<AsyncStdGlobal>(Peer, rhythm),
        row::<ChannelPair<0>>(Kind::Pool, rhythm),
        row::<OneThread<false>>(Kind::Pool, rhythm),
        row::<SpawnBlocking>(Kind::Pool, rhythm),
        row::<Unblock>(Kind::Pool, rhythm),
        row::<RayonOne>(Kind::Pool, rhythm),
        row::<Lane<Tokio>>(Spumoni, rhythm),
        row::<Lane<Smol>>(Spumoni, rhythm),
        row::<Lane<Tokio, 20>>(Spumoni, rhythm),
        row::<Lane<Smol, 20>>(Spumoni, rhythm),
    ]
}

fn threads(rhythm: Rhythm) -> Vec<Contestant> {
    vec![
        row::<Here>(Limit, rhythm),
        row::<OneThread<false>>(Peer, rhythm),
        row::<SpawnBlocking>(Peer, rhythm),
        row::<Unblock>(Peer, rhythm),
        row::<RayonOne>(Peer, rhythm),
        row::<Pool>(Spumoni, rhythm),
    ]
}

fn row<P: Call>(kind: Kind, rhythm: Rhythm) -> Contestant {
    Contestant::new(P::NAME, kind, move |effort| turn::<P>(effort, rhythm))
}

fn turn<P: Call>(effort: &Effort, rhythm: Rhythm) -> f64 {
    let peer = effort.start(|| {
        let peer = P::start();
        peer.call(0);
        peer
    });
    let call = |value: u64| assert_eq!(peer.call(black_box(value)), value + 1);
    effort.median_of(|| match rhythm {
        Rhythm::Resting => {
            pause(REST);
            timed(|| call(7))
        }
        Rhythm::Hot => timed(|| (0..BATCH).for_each(|value| call(value.into()))) / f64::from(BATCH),
    })
}
