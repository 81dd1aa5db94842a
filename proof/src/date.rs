//! The day of a measurement, in words.

use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds since 1970.
pub(crate) fn now() -> u64 {
    seconds(SystemTime::now())
}

/// The same of another moment.
pub(crate) fn seconds(moment: SystemTime) -> u64 {
    moment.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// The day, as `2026-11-21`, in UTC.
pub(crate) fn day(seconds: u64) -> String {
    // Years that begin in March have the odd day at their end, and eras of 400 years are all alike.
    let days = seconds / 86_400 + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let (day, next) = (day - (153 * month + 2) / 5 + 1, month >= 10);
    let month = if next { month - 9 } else { month + 3 };
    format!("{:04}-{month:02}-{day:02}", era * 400 + year + u64::from(next))
}

#[cfg(test)]
mod tests {
    use super::day;

    #[test]
    fn a_day_is_the_calendars() {
        assert_eq!(day(0), "1970-01-01");
        assert_eq!(day(951_782_400), "2000-02-29");
        assert_eq!(day(1_795_219_200), "2026-11-21");
        assert_eq!(day(1_798_761_599), "2026-12-31");
        assert_eq!(day(1_798_761_600), "2027-01-01");
    }
}
