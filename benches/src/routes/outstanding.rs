//! A plain thread keeps 64 calls outstanding: `spawn`, and `join` of the oldest.

use std::collections::VecDeque;
use std::hint::black_box;

use spumoni::{Smol, Tokio};

use crate::measure::{Contestant, Effort, Pace, Route, timed};
use crate::peers::{
    Actix, AsyncStdGlobal, Call, ChannelPair, CurrentThread, Joining, Lane, LocalRuntimeFed,
    LocalSetFed, MultiThread, OneThread, Pool, RayonOne, SmolExecutor, SmolFed, SmolGlobal,
    SpawnBlocking, Tracked, Unblock,
};
use crate::record::Kind::{self, Limit, Peer, Spumoni};

const OUTSTANDING: usize = 64;
/// How many calls make one figure.
const BATCH: u32 = 4096;

/// On a lane.
pub(crate) fn lanes() -> Route {
    Route {
        name: "outstanding",
        title: "a plain thread keeps 64 calls to a lane outstanding: spawn, join the oldest",
        unit: "ns a call",
        pace: Pace::Short,
        contestants: vec![
            row::<ChannelPair<64>>(Limit),
            row::<ChannelPair<0>>(Limit),
            row::<CurrentThread>(Peer),
            row::<MultiThread>(Peer),
            row::<LocalSetFed>(Peer),
            row::<LocalRuntimeFed>(Peer),
            row::<Tracked>(Peer),
            row::<Joining>(Peer),
            row::<Actix>(Peer),
            row::<SmolGlobal>(Peer),
            row::<SmolExecutor>(Peer),
            row::<SmolFed>(Peer),
            row::<AsyncStdGlobal>(Peer),
            row::<OneThread<false>>(Kind::Pool),
            row::<SpawnBlocking>(Kind::Pool),
            row::<Unblock>(Kind::Pool),
            row::<RayonOne>(Kind::Pool),
            row::<Lane<Tokio>>(Spumoni),
            row::<Lane<Smol>>(Spumoni),
            row::<Lane<Tokio, 20>>(Spumoni),
        ],
    }
}

/// On the thread flavour.
pub(crate) fn threads() -> Route {
    Route {
        name: "thread-outstanding",
        title: "a plain thread keeps 64 closures outstanding: spawn, join the oldest",
        unit: "ns a call",
        pace: Pace::Short,
        contestants: vec![
            row::<ChannelPair<64>>(Limit),
            row::<OneThread<false>>(Peer),
            row::<OneThread<true>>(Peer),
            row::<SpawnBlocking>(Peer),
            row::<Unblock>(Peer),
            row::<RayonOne>(Peer),
            row::<Pool>(Spumoni),
        ],
    }
}

fn row<P: Call>(kind: Kind) -> Contestant {
    Contestant::new(P::NAME, kind, turn::<P>)
}

fn turn<P: Call>(effort: &Effort) -> f64 {
    let mut tickets = VecDeque::with_capacity(OUTSTANDING);
    let peer = effort.start(|| {
        let peer = P::start();
        // As many as there will be, so that a pool grows where contestants are.
        for value in 0..OUTSTANDING as u64 {
            tickets.push_back(peer.submit(value));
        }
        peer
    });
    let figure = effort.median_of(|| {
        let took = timed(|| {
            for value in 0..BATCH {
                let oldest = tickets.pop_front().expect("there are 64");
                black_box(peer.redeem(oldest));
                tickets.push_back(peer.submit(black_box(value.into())));
            }
        });
        took / f64::from(BATCH)
    });
    for ticket in tickets {
        let _ = peer.redeem(ticket);
    }
    figure
}
