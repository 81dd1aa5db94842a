//! An axis: linear from zero, or logarithmic where the figures are far apart.

/// Figures further apart than this need a logarithmic axis.
const FAR: f64 = 12.0;

/// See the module.
pub(crate) struct Axis {
    linear: bool,
    from: f64,
    to: f64,
    begins: f64,
    ends: f64,
}

impl Axis {
    /// An axis over the figures, on the screen from `begins` to `ends`.
    pub(crate) fn over(figures: impl Iterator<Item = f64> + Clone, begins: f64, ends: f64) -> Self {
        let low = figures.clone().fold(f64::INFINITY, f64::min).max(1e-3);
        let high = figures.fold(0.0, f64::max).max(low * 1.1);
        let linear = high / low < FAR;
        let (from, to) = if linear { (0.0, high * 1.05) } else { (low / 1.15, high * 1.15) };
        Axis { linear, from, to, begins, ends }
    }

    /// Where a figure stands on the screen.
    pub(crate) fn at(&self, figure: f64) -> f64 {
        let share = if self.linear {
            figure / self.to
        } else {
            (figure.max(self.from) / self.from).ln() / (self.to / self.from).ln()
        };
        self.begins + share * (self.ends - self.begins)
    }

    /// How the picture says it.
    pub(crate) fn scale(&self) -> &'static str {
        if self.linear { "linear" } else { "logarithmic" }
    }

    /// Round figures along the axis.
    pub(crate) fn ticks(&self) -> Vec<f64> {
        if !self.linear {
            return self.powers(&[1.0, 2.0, 5.0]);
        }
        let power = 10_f64.powf(self.to.log10().floor());
        let steps = [0.1, 0.2, 0.5, 1.0].map(|part| part * power);
        let step = steps.into_iter().find(|step| self.to / step <= 8.0).unwrap_or(power);
        (0..).map(|tick| f64::from(tick) * step).take_while(|tick| *tick <= self.to).collect()
    }

    /// The digits times each power of ten.
    pub(crate) fn powers(&self, digits: &[f64]) -> Vec<f64> {
        let range = self.from..=self.to;
        let powers = self.from.max(1e-3).log10().floor() as i32..=self.to.log10().ceil() as i32;
        powers
            .flat_map(|power| digits.iter().map(move |digit| digit * 10_f64.powi(power)))
            .filter(|tick| range.contains(tick))
            .collect()
    }
}

/// A figure beside the axis.
pub(crate) fn label(tick: f64) -> String {
    if tick >= 1_000_000.0 {
        format!("{} M", tick / 1_000_000.0)
    } else if tick >= 1_000.0 {
        format!("{} k", tick / 1_000.0)
    } else {
        format!("{}", (tick * 1000.0).round() / 1000.0)
    }
}
