//! What becomes of services.
//!
//! Nothing here waits, calls anything of the user's, or looks at the clock: what is to be done is left as
//! [`Action`](crate::service::roster::Action)s, which the controller does without the lock. `turn` looks at
//! whoever has to be looked at; the others are what it may come to, in the order of a life.

mod turn;
mod start;
mod stop;
mod health;
mod watch;
mod escalate;
mod end;
