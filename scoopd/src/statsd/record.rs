//! What one statsd line says.

/// One measurement, as it was sent.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Record {
    /// Name of what was measured.
    pub(crate) name: String,
    /// How the value is to be read.
    pub(crate) kind: Kind,
    /// The value; finite, and no larger than a sum of very many of them can bear.
    pub(crate) value: f64,
    /// Sample rate: this record stands for `1 / rate` of its like. 1 where none was sent.
    pub(crate) rate: f64,
    /// Tags in one canonical text, sorted and without doubles: `colour:red,size:9`.
    pub(crate) tags: String,
}

/// How the value of a record is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// `|c`: so much more of something.
    Counter,
    /// `|g`: a level.
    Gauge,
    /// `|g` with a sign: a level's change.
    GaugeDelta,
    /// `|ms`: a time in milliseconds.
    Timer,
    /// `|h`: a value whose spread matters.
    Histogram,
    /// `|d`: the same, as DogStatsD's clients call it.
    Distribution,
}

impl Kind {
    /// The word that stands for it in the database and in answers.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::GaugeDelta => "gauge_delta",
            Kind::Timer => "timer",
            Kind::Histogram => "histogram",
            Kind::Distribution => "distribution",
        }
    }
}
