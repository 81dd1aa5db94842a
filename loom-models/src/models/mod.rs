//! One file for each protocol, one test for each promise.

mod outcome;
mod wake;
mod cancel;
mod give_up;
mod gate;
mod bell;
mod graph;
