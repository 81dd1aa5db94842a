//! The text that Prometheus scrapes (exposition format 0.0.4).

mod exposition;
mod label;
mod page;

pub(crate) use page::{CONTENT_TYPE, page};
