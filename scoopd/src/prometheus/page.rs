//! What stands on the page: the daemon's own figures, then everything that was collected.

use super::{
    exposition::{Exposition, FamilyKind, Sample},
    label::{labels, metric_name},
};
use crate::{
    counters::Figures,
    totals::{Series, Shape, Total},
};

/// What the page calls itself in HTTP.
pub(crate) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Writes the page. `held` is what waits for its commit, `left_out` what came for too many series.
pub(crate) fn page(
    figures: Figures,
    held: usize,
    left_out: u64,
    mut series: Vec<(Series, Total)>,
) -> String {
    let mut page = Exposition::default();
    own(&mut page, figures, held, left_out);
    // In one order always, so that a name keeps what was put behind it from scrape to scrape.
    series.sort_unstable_by(|(a, _), (b, _)| (&a.name, &a.tags).cmp(&(&b.name, &b.tags)));
    for (series, total) in series {
        collected(&mut page, &series, total);
    }
    page.into_text()
}

fn own(page: &mut Exposition, figures: Figures, held: usize, left_out: u64) {
    let mut counter = |name, help, value: u64| {
        page.add(name, FamilyKind::Counter, help, "", Sample { count: 0.0, sum: value as f64 });
    };
    counter("scoopd_accepted_total", "Records taken in.", figures.accepted);
    counter("scoopd_written_total", "Records committed.", figures.written);
    counter("scoopd_refused_total", "Records turned away with an answer.", figures.refused);
    counter("scoopd_bad_lines_total", "Lines that were no measurement.", figures.bad_lines);
    counter("scoopd_left_out_total", "Records of series that /metrics has no room for.", left_out);
    let held = Sample { count: 0.0, sum: held as f64 };
    page.add("scoopd_held", FamilyKind::Gauge, "Records that wait for their commit.", "", held);
}

fn collected(page: &mut Exposition, series: &Series, total: Total) {
    let mut name = metric_name(&series.name);
    if name.starts_with("scoopd_") {
        name.insert_str(0, "sent_"); // Nobody poses as the daemon's own figures.
    }
    let help = format!("Sent as {}.", series.name.replace('\\', "\\\\"));
    let (name, kind, unit) = match series.shape {
        Shape::Counter => (format!("{name}_total"), FamilyKind::Counter, 1.0),
        Shape::Gauge => (name, FamilyKind::Gauge, 1.0),
        Shape::Times => (format!("{name}_seconds"), FamilyKind::Summary, 1000.0),
        Shape::Values => (name, FamilyKind::Summary, 1.0),
    };
    let sample = Sample { count: total.weight, sum: total.sum / unit };
    page.add(&name, kind, &help, &labels(&series.tags), sample);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{counters::Counters, statsd::parse_body, totals::Totals};

    fn lines_of(body: &str) -> Vec<String> {
        let totals = Totals::default();
        totals.add(parse_body(body.as_bytes()).unwrap().iter());
        let (series, left_out) = totals.snapshot();
        page(Counters::default().read(), 0, left_out, series)
            .lines()
            .filter(|line| !line.starts_with('#') && !line.starts_with("scoopd_"))
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn each_shape_has_its_lines() {
        let lines =
            lines_of("cups:2|c|#b:2,a:1\ncups:1|c|#a:1,b:2\nheat:12.5|g\nbrew:1500|ms\nsize:3|h");
        let expected = [
            "brew_seconds_sum 1.5",
            "brew_seconds_count 1",
            "cups_total{a=\"1\",b=\"2\"} 3",
            "heat 12.5",
            "size_sum 3",
            "size_count 1",
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn names_that_fall_together_are_one_line_and_nobody_poses_as_scoopd() {
        assert_eq!(lines_of("a.b:1|c\na_b:2|c"), ["a_b_total 3"]);
        let totals = Totals::default();
        totals.add(parse_body(b"scoopd_held:9|g\nscoopd_accepted:9|c").unwrap().iter());
        let text = page(Counters::default().read(), 0, 0, totals.snapshot().0);
        assert!(text.contains("\nscoopd_held 0\n"), "{text}");
        assert!(text.contains("\nscoopd_accepted_total 0\n"), "{text}");
    }
}
