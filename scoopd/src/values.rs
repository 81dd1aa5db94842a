//! What values of options look like: addresses, files, durations.

use std::{
    env,
    net::{SocketAddr, ToSocketAddrs},
    path::PathBuf,
    time::Duration,
};

/// The shortest time that somebody may be given for something: enough to commit what a full queue holds, on a
/// slow day.
const SHORTEST: Duration = Duration::from_millis(100);
/// The longest grace, and the longest interval; who wants more wants none at all.
const HOUR: Duration = Duration::from_secs(60 * 60);
/// A hundred years.
const AGES: Duration = Duration::from_secs(36_500 * 24 * 60 * 60);

/// Where the database is if nobody says.
pub(crate) fn default_db() -> PathBuf {
    env::temp_dir().join("scoopd.db")
}

/// `ADDRESS:PORT`, with a name in place of the address if need be.
pub(crate) fn address(text: &str) -> Result<SocketAddr, String> {
    const EXPECTED: &str = "expected ADDRESS:PORT, such as 127.0.0.1:8080 or [::1]:0";
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    let mut found = text.to_socket_addrs().map_err(|error| format!("{error}; {EXPECTED}"))?;
    found.next().ok_or_else(|| format!("the name has no address; {EXPECTED}"))
}

/// The path of a file.
pub(crate) fn file(path: PathBuf) -> Result<PathBuf, &'static str> {
    // SQLite would take both for a database without a file, which the queries could not see.
    if path.as_os_str().is_empty() || path.as_os_str() == ":memory:" {
        return Err("expected the path of a file");
    }
    Ok(path)
}

/// How long a stop may take, or how long to wait in between: from 100 ms to an hour.
pub(crate) fn pause(text: &str) -> Result<Duration, String> {
    let pause = duration(text).ok_or("expected a number and a unit, such as 5s, 500ms or 1m")?;
    if (SHORTEST..=HOUR).contains(&pause) {
        Ok(pause)
    } else {
        Err("expected something from 100ms to 60m".to_owned())
    }
}

/// How long something is kept: from a second to a hundred years.
pub(crate) fn age(text: &str) -> Result<Duration, String> {
    let age = duration(text).ok_or("expected a number and a unit, such as 90s, 12h or 30d")?;
    if (Duration::from_secs(1)..=AGES).contains(&age) {
        Ok(age)
    } else {
        Err("expected something from 1s to 36500d".to_owned())
    }
}

fn duration(text: &str) -> Option<Duration> {
    let unit = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, unit) = text.split_at(unit);
    let seconds = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(number.parse::<f64>().ok()? * seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_unit() {
        let table = [("500ms", 500), ("5s", 5000), ("1.5s", 1500), ("2m", 120_000)];
        for (text, ms) in table {
            assert_eq!(pause(text), Ok(Duration::from_millis(ms)), "{text}");
        }
        for text in [
            "",
            "5",
            "s",
            "5h",
            "5y",
            "-5s",
            "1e9s",
            "0s",
            "1ms",
            "61m",
            "5 s",
            "..s",
            "9999999999999999999999s",
        ] {
            assert!(pause(text).is_err(), "{text}");
        }
        assert_eq!(age("1.5d"), Ok(Duration::from_secs(129_600)));
        assert_eq!(age("2h"), Ok(Duration::from_secs(7200)));
        for text in ["999ms", "36501d", "d", "a day"] {
            assert!(age(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_bad_value_is_told_with_what_was_expected() {
        for text in ["8080", "127.0.0.1:99999", "", "here"] {
            assert!(address(text).unwrap_err().contains("ADDRESS:PORT"), "{text}");
        }
        for path in ["", ":memory:"] {
            assert_eq!(file(path.into()), Err("expected the path of a file"));
        }
        assert!(pause("soon").unwrap_err().contains("such as 5s"));
    }
}
