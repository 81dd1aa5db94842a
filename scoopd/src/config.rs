//! What the flags say.

use std::{
    env,
    net::{SocketAddr, ToSocketAddrs},
    path::PathBuf,
    time::Duration,
};

use clap::{
    Parser,
    builder::{PathBufValueParser, TypedValueParser as _},
};

const EXIT_CODES: &str = "\
Exit codes:
  0    ended in good order
  1    an address cannot be listened on, or something failed while running
  2    a flag is wrong
  78   the database cannot be used: not writable, or no database of scoopd
  Others come from spumoni, which runs it: see the list in its README.

Send: curl -d 'coffee:1|c' http://127.0.0.1:8080/ingest
Read: curl 'http://127.0.0.1:8080/query?name=coffee'
Look: /metrics /status /livez /readyz";

/// Collects metrics in statsd lines, over HTTP, UDP and TCP, into a SQLite file.
#[derive(Clone, Debug, Parser, PartialEq)]
#[command(name = "scoopd", version, after_help = EXIT_CODES)]
pub(crate) struct Config {
    /// Where to listen for HTTP; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080", value_parser = address)]
    pub(crate) http: SocketAddr,

    /// Where to listen for statsd lines, UDP and TCP; port 0 takes free ones
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8125", value_parser = address)]
    pub(crate) statsd: SocketAddr,

    /// The database file, made if it is not there
    #[arg(long, value_name = "PATH", default_value_os_t = default_db(), value_parser = PathBufValueParser::new().try_map(file))]
    pub(crate) db: PathBuf,

    /// How long a stop may take, such as 5s or 500ms
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = grace)]
    pub(crate) grace: Duration,
}

fn default_db() -> PathBuf {
    env::temp_dir().join("scoopd.db")
}

fn address(text: &str) -> Result<SocketAddr, String> {
    const EXPECTED: &str = "expected ADDRESS:PORT, such as 127.0.0.1:8080 or [::1]:0";
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    let mut found = text.to_socket_addrs().map_err(|error| format!("{error}; {EXPECTED}"))?;
    found.next().ok_or_else(|| format!("the name has no address; {EXPECTED}"))
}

fn file(path: PathBuf) -> Result<PathBuf, &'static str> {
    // SQLite would take both for a database without a file, which the queries could not see.
    if path.as_os_str().is_empty() || path.as_os_str() == ":memory:" {
        return Err("expected the path of a file");
    }
    Ok(path)
}

/// Shortest grace: enough to commit what a full queue holds, on a slow day.
const MIN_GRACE: Duration = Duration::from_millis(100);
/// Longest grace; who wants more wants no grace at all.
const MAX_GRACE: Duration = Duration::from_secs(60 * 60);

fn grace(text: &str) -> Result<Duration, String> {
    let grace = duration(text).ok_or("expected a number and a unit, such as 5s, 500ms or 1m")?;
    if (MIN_GRACE..=MAX_GRACE).contains(&grace) {
        Ok(grace)
    } else {
        Err("expected something from 100ms to 60m".to_owned())
    }
}

fn duration(text: &str) -> Option<Duration> {
    let unit = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, unit) = text.split_at(unit);
    let seconds = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(number.parse::<f64>().ok()? * seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(flags: &[&str]) -> Result<Config, String> {
        let all = ["scoopd"].iter().chain(flags);
        Config::try_parse_from(all).map_err(|error| error.to_string())
    }

    #[test]
    fn no_flags_are_enough() {
        let config = parse(&[]).unwrap();
        assert_eq!(config.http, SocketAddr::from(([127, 0, 0, 1], 8080)));
        assert_eq!(config.statsd, SocketAddr::from(([127, 0, 0, 1], 8125)));
        assert_eq!(config.db, env::temp_dir().join("scoopd.db"));
        assert_eq!(config.grace, Duration::from_secs(10));
    }

    #[test]
    fn durations_have_a_unit() {
        let table = [("500ms", 500), ("5s", 5000), ("1.5s", 1500), ("2m", 120_000)];
        for (text, ms) in table {
            assert_eq!(grace(text), Ok(Duration::from_millis(ms)), "{text}");
        }
        for text in [
            "",
            "5",
            "s",
            "5h",
            "-5s",
            "1e9s",
            "0s",
            "1ms",
            "61m",
            "5 s",
            "..s",
            "9999999999999999999999s",
        ] {
            assert!(grace(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_bad_flag_is_named_with_what_was_expected() {
        let table: [(&[&str], &str); 6] = [
            (&["--http", "8080"], "ADDRESS:PORT"),
            (&["--http", "127.0.0.1:99999"], "ADDRESS:PORT"),
            (&["--statsd", ""], "ADDRESS:PORT"),
            (&["--db", ":memory:"], "the path of a file"),
            (&["--grace", "soon"], "such as 5s"),
            (&["--htpt", "x"], "--http"),
        ];
        for (flags, expected) in table {
            let error = parse(flags).unwrap_err();
            assert!(error.contains(expected), "{flags:?}: {error}");
        }
    }
}
