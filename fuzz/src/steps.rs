//! Bytes as steps of the model.

use crate::bytes::Bytes;
use crate::step::{Caller, Ends, On, Plan, Step, Verb, Waits};

/// More of them tell nothing new.
const MOST: usize = 40;

/// The steps that these bytes stand for.
pub(crate) fn steps(bytes: &mut Bytes<'_>) -> Vec<Step> {
    let mut steps = Vec::new();
    while !bytes.is_empty() && steps.len() < MOST {
        steps.push(step(bytes));
    }
    steps
}

fn step(bytes: &mut Bytes<'_>) -> Step {
    match bytes.below(20) {
        0..=6 => {
            let verb = if bytes.once_in(3) { Verb::Adopt } else { Verb::Spawn };
            let group = perhaps(bytes, 2);
            let plan = plan(bytes);
            let name = bytes.once_in(3).then(|| bytes.byte() % 3);
            Step::Submit { verb, group, plan, name }
        }
        7 | 8 => Step::Open(number(bytes)),
        9 | 10 => Step::Join(number(bytes)),
        11 | 12 => Step::DropHandle(number(bytes)),
        13 => Step::StopTask(number(bytes)),
        14 => {
            let caller =
                if bytes.once_in(2) { Caller::Outside } else { Caller::Payload(flavour(bytes)) };
            Step::Execute { caller, on: flavour(bytes), ends: ends(bytes) }
        }
        15 => Step::Queue {
            on: [On::Tokio, On::Smol, On::AsyncStd][bytes.below(3)],
            many: 1 + bytes.below(3),
            stop: perhaps(bytes, 2),
            stop_runner: bytes.once_in(8),
        },
        16 => {
            let (below, goes_on) = (perhaps(bytes, 3), bytes.once_in(2));
            Step::OpenGroup { below, goes_on, hasty: bytes.once_in(3) }
        }
        17 => Step::StopGroup(number(bytes)),
        18 => Step::JoinGroup(number(bytes)),
        _ if bytes.once_in(4) => {
            Step::StopRunner { within: bytes.once_in(2).then(|| 30 + u64::from(bytes.byte() % 60)) }
        }
        _ => Step::JoinGroup(number(bytes)),
    }
}

fn number(bytes: &mut Bytes<'_>) -> usize {
    bytes.below(12)
}

fn perhaps(bytes: &mut Bytes<'_>, once_in: u8) -> Option<usize> {
    bytes.once_in(once_in).then(|| number(bytes))
}

fn flavour(bytes: &mut Bytes<'_>) -> On {
    [On::Tokio, On::Smol, On::AsyncStd, On::Thread][bytes.below(4)]
}

fn ends(bytes: &mut Bytes<'_>) -> Ends {
    [Ends::Value, Ends::Value, Ends::Error, Ends::Panic][bytes.below(4)]
}

fn plan(bytes: &mut Bytes<'_>) -> Plan {
    let waits = [Waits::Gate, Waits::Gate, Waits::No, Waits::Asked, Waits::Ever][bytes.below(5)];
    Plan { on: flavour(bytes), waits, ends: ends(bytes), bomb: bytes.once_in(5) }
}
