//! What stands around every plot: title, unit, machine and colours.

use crate::record::{Kind, Machine};
use crate::table;

/// How wide every picture is.
const WIDTH: f64 = 980.0;
/// Where every plot begins, from above.
pub(crate) const TOP: f64 = 62.0;
/// How high a line of text stands.
pub(crate) const ROW: f64 = 22.0;

const STYLE: &str = "text{font:12px system-ui,sans-serif;fill:#24292f}\
.title{font-size:14px;font-weight:600}.small{font-size:10px;fill:#57606a}\
.grid{stroke:#d8dee4}.limit{color:#8c959f}.peer{color:#0969da}.pool{color:#54aeff}.spumoni{color:#cf222e}\
text.small.met{fill:#1a7f37}text.small.missed{fill:#cf222e}.met{color:#1a7f37}.missed{color:#cf222e}\
text.spumoni{fill:#cf222e;font-weight:600}\
.mark{stroke:currentColor;fill:currentColor}.open{stroke:currentColor;fill:#fff}\
.line{stroke:currentColor;fill:none;stroke-width:2}";

/// What is said above a plot.
pub(crate) struct Heading<'a> {
    pub(crate) title: &'a str,
    pub(crate) note: &'a str,
}

impl Heading<'_> {
    /// The whole picture, so high.
    pub(crate) fn over(&self, plot: &str, height: f64, machine: &Machine) -> String {
        let (title, note) = (escaped(self.title), escaped(self.note));
        let machine = escaped(&table::on(machine));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\">\n\
             <title>{title}</title>\n<style>{STYLE}</style>\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
             <text class=\"title\" x=\"16\" y=\"24\">{title}</text>\n\
             <text class=\"small\" x=\"16\" y=\"42\">{note}</text>\n\
             {plot}<text class=\"small\" x=\"16\" y=\"{foot}\">{machine}</text>\n</svg>\n",
            foot = height - 10.0,
        )
    }
}

/// How a kind looks.
pub(crate) fn class(kind: Kind) -> &'static str {
    match kind {
        Kind::Limit => "limit",
        Kind::Peer => "peer",
        Kind::Pool => "pool",
        Kind::Spumoni => "spumoni",
    }
}

/// Text that may stand in a picture.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
