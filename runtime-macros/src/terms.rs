//! What the arguments say of a service's life: their values, and which of them clash.

use proc_macro2::Span;
use syn::{Error, Ident, LitInt, LitStr, Path, Result};

use crate::args::{Arg, Args, Dependency};
use crate::call::{Call, Passing};
use crate::errors::{Errors, unknown};

/// All of it, sound.
#[derive(Default)]
pub(crate) struct Terms {
    pub(crate) after: Vec<Dependency>,
    pub(crate) workers: Option<u32>,
    pub(crate) every: Option<u128>,
    pub(crate) oneshot: bool,
    pub(crate) notify: bool,
    pub(crate) transient: bool,
    pub(crate) init: Option<Path>,
    pub(crate) worker_init: Option<Path>,
    pub(crate) on_stop: Option<Path>,
    /// The names of the variants at the façade.
    pub(crate) restart: Option<&'static str>,
    pub(crate) strategy: Option<&'static str>,
    pub(crate) on_exit: Option<&'static str>,
    pub(crate) on_failure: Option<&'static str>,
    /// In nanoseconds.
    pub(crate) backoff: Option<(u128, u128)>,
    pub(crate) intensity: Option<(u32, u128)>,
    pub(crate) grace: Option<u128>,
    pub(crate) init_timeout: Option<u128>,
    pub(crate) start_timeout: Option<u128>,
    pub(crate) drain: Option<u128>,
    pub(crate) health: Option<Path>,
    pub(crate) health_every: Option<u128>,
    pub(crate) health_timeout: Option<u128>,
    pub(crate) health_failures: Option<u32>,
    pub(crate) phase: Option<i32>,
    pub(crate) set: Option<LitStr>,
}

const RESTART: &[(&str, &str)] =
    &[("never", "Never"), ("on-failure", "OnFailure"), ("always", "Always")];
const STRATEGY: &[(&str, &str)] = &[("one", "One"), ("rest", "Rest"), ("all", "All")];
const ON_EXIT: &[(&str, &str)] = &[("stop", "Stop"), ("ignore", "Ignore"), ("fail", "Fail")];
const ON_FAILURE: &[(&str, &str)] = &[("stop", "Stop"), ("ignore", "Continue")];

/// Reads the values and checks them, each by itself and against the others.
pub(crate) fn check(args: &mut Args, errors: &mut Errors) -> Terms {
    let mut terms = Terms {
        workers: read(&args.workers, workers, errors),
        every: read(&args.every, some_time, errors),
        restart: read(&args.restart, |it| one_of(RESTART, it), errors),
        strategy: read(&args.strategy, |it| one_of(STRATEGY, it), errors),
        on_exit: read(&args.on_exit, |it| one_of(ON_EXIT, it), errors),
        on_failure: read(&args.on_failure, |it| one_of(ON_FAILURE, it), errors),
        backoff: read(&args.backoff, backoff, errors),
        intensity: read(&args.intensity, intensity, errors),
        grace: read(&args.grace, time, errors),
        init_timeout: read(&args.init_timeout, some_time, errors),
        start_timeout: read(&args.start_timeout, some_time, errors),
        drain: read(&args.drain, time, errors),
        health: args.health.given().cloned(),
        health_every: read(&args.health_every, some_time, errors),
        health_timeout: read(&args.health_timeout, some_time, errors),
        health_failures: read(&args.health_failures, failures, errors),
        phase: args.phase.given().map(|phase| phase.number),
        set: read(&args.set, named, errors),
        oneshot: args.oneshot.given().is_some(),
        notify: args.notify.given().is_some(),
        transient: args.transient.given().is_some(),
        init: args.init.given().cloned(),
        worker_init: args.worker_init.given().cloned(),
        on_stop: args.on_stop.given().cloned(),
        after: Vec::new(),
    };
    clashes(args, &terms, errors);
    if let Arg::Given(after) = std::mem::take(&mut args.after) {
        terms.after = after;
    }
    terms
}

/// What is wrong with this way to take `self`.
pub(crate) fn check_call(terms: &Terms, args: &Args, call: &Call, errors: &mut Errors) {
    let mut refuse = |at: Option<Span>, text: &str| {
        errors.push(Error::new(at.unwrap_or_else(Span::call_site), text));
    };
    let owned = call.receiver == Some(Passing::Value);
    let alone = matches!(call.receiver, Some(Passing::RefMut));
    if owned && terms.restart.is_some_and(|restart| restart != "Never") {
        let odd = "`run` takes `self`, so there is nothing left to run again; \
                   let it take `&self` or `&mut self`";
        refuse(args.restart.given().map(LitStr::span), odd);
    }
    if owned && terms.set.is_some() {
        let odd = "`run` takes `self`, and a set is restarted whole; \
                   let it take `&self` or `&mut self`";
        refuse(args.set.given().map(LitStr::span), odd);
    }
    if owned && terms.every.is_some() {
        let odd = "`run` takes `self`, so there is nothing left for the next time; \
                   let it take `&self` or `&mut self`";
        refuse(args.every.given().map(LitStr::span), odd);
    }
    if (owned || alone) && terms.workers.is_some_and(|workers| workers > 1) {
        let odd = "several workers share the service, so `run` has to take `&self`";
        refuse(args.workers.given().map(LitInt::span), odd);
    }
    if owned && terms.init.is_some() {
        let odd = "`run` takes `self`, and `init` has to leave it there; \
                   let `run` take `&self` or `&mut self`";
        refuse(span_of(&args.init), odd);
    }
    if owned && terms.worker_init.is_some() {
        let odd = "`run` takes `self`, and `worker_init` has to leave it there; \
                   let `run` take `&self` or `&mut self`";
        refuse(span_of(&args.worker_init), odd);
    }
    if (owned || alone) && terms.on_stop.is_some() {
        let odd = "`on_stop` is called while `run` has the service, so `run` has to take `&self`";
        refuse(span_of(&args.on_stop), odd);
    }
    if (owned || alone) && terms.health.is_some() {
        let odd = "`health` is called while `run` has the service, so `run` has to take `&self`";
        refuse(span_of(&args.health), odd);
    }
}

/// A service that depends on itself.
pub(crate) fn check_after(terms: &Terms, name: &LitStr, own: &Ident, errors: &mut Errors) {
    for dependency in &terms.after {
        let at = match dependency {
            Dependency::Name(other) if other.value() == name.value() => Some(other.span()),
            Dependency::Type(path) if path.is_ident(own) => {
                path.segments.last().map(|segment| segment.ident.span())
            }
            Dependency::Name(_) | Dependency::Type(_) => None,
        };
        if let Some(at) = at {
            errors.push(Error::new(at, "a service cannot depend on itself; remove this"));
        }
    }
}

fn span_of(arg: &Arg<Path>) -> Option<Span> {
    arg.given().and_then(|path| path.segments.first()).map(|segment| segment.ident.span())
}

/// Arguments that make no sense together.
fn clashes(args: &Args, terms: &Terms, errors: &mut Errors) {
    let mut refuse = |at: Span, text: &str| errors.push(Error::new(at, text));
    let restarts = terms.restart.is_some_and(|restart| restart != "Never");
    if let Some(at) = args.oneshot.given().map(Ident::span) {
        if terms.restart == Some("Always") {
            refuse(
                at,
                "a `oneshot` is done when it has ended, and `restart = \"always\"` would \
                        begin it again; take `restart = \"on-failure\"`",
            );
        }
        if terms.every.is_some() {
            refuse(at, "a `oneshot` runs once, and `every` again and again; keep one of them");
        }
        if terms.notify {
            refuse(at, "a `oneshot` is ready when it is done, so it has nothing to `notify`");
        }
        if terms.on_exit.is_some() {
            refuse(at, "a `oneshot` is there to end, which stops nobody; remove `on_exit`");
        }
        if terms.health.is_some() {
            refuse(at, "a `oneshot` is ready when it has ended, so there is no `health` to check");
        }
    }
    if let Some(at) = args.idle.given().map(Ident::span) {
        let odd = [
            ("workers", terms.workers.is_some()),
            ("every", terms.every.is_some()),
            ("oneshot", terms.oneshot),
            ("notify", terms.notify),
            ("worker_init", terms.worker_init.is_some()),
            ("restart", restarts),
            ("on_exit", terms.on_exit.is_some()),
            ("health", terms.health.is_some()),
        ];
        for (word, _) in odd.into_iter().filter(|(_, given)| *given) {
            refuse(
                at,
                &format!(
                    "an `idle` service runs nothing, so `{word}` says nothing of it; \
                                 remove one of them"
                ),
            );
        }
    }
    if let Some(at) = args.on_exit.given().map(LitStr::span)
        && terms.restart == Some("Always")
    {
        refuse(at, "with `restart = \"always\"` no end is the last one; remove `on_exit`");
    }
    let unchecked = matches!(args.health, Arg::Absent);
    let at = |arg: &Arg<LitStr>| arg.given().map(LitStr::span);
    for (word, at) in [
        ("health_every", at(&args.health_every)),
        ("health_timeout", at(&args.health_timeout)),
        ("health_failures", args.health_failures.given().map(LitInt::span)),
    ] {
        if let Some(at) = at.filter(|_| unchecked) {
            let text = "says nothing without a check; add `health = Self::check`";
            refuse(at, &format!("`{word}` {text}"));
        }
    }
    let without = "says nothing without a restart; add `restart = \"on-failure\"` or `\"always\"`";
    for (word, arg) in
        [("backoff", &args.backoff), ("intensity", &args.intensity), ("strategy", &args.strategy)]
    {
        // One that could not be read is told already.
        let unsaid = matches!(args.restart, Arg::Absent) || terms.restart == Some("Never");
        if let Some(at) = arg.given().map(LitStr::span)
            && unsaid
        {
            refuse(at, &format!("`{word}` {without}"));
        }
    }
}

fn read<T, V>(arg: &Arg<T>, value: impl FnOnce(&T) -> Result<V>, errors: &mut Errors) -> Option<V> {
    errors.keep(value(arg.given()?))
}

fn workers(number: &LitInt) -> Result<u32> {
    let workers: u32 = number.base10_parse()?;
    if workers == 0 {
        let none = "`workers` must be at least 1: nobody would do the work";
        return Err(Error::new(number.span(), none));
    }
    Ok(workers)
}

fn failures(number: &LitInt) -> Result<u32> {
    let failures: u32 = number.base10_parse()?;
    if failures == 0 {
        let none = "`health_failures` must be at least 1: no check could be good enough";
        return Err(Error::new(number.span(), none));
    }
    Ok(failures)
}

fn named(set: &LitStr) -> Result<LitStr> {
    if set.value().is_empty() {
        return Err(Error::new(set.span(), "a set has a name; write `set = \"ingest\"`"));
    }
    Ok(set.clone())
}

fn one_of(known: &[(&'static str, &'static str)], given: &LitStr) -> Result<&'static str> {
    let value = given.value();
    let found = known.iter().find(|(name, _)| *name == value).map(|(_, variant)| *variant);
    found.ok_or_else(|| {
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        Error::new(given.span(), unknown("value", &value, &names))
    })
}

fn time(given: &LitStr) -> Result<u128> {
    duration(&given.value()).map_err(|why| Error::new(given.span(), why))
}

fn some_time(given: &LitStr) -> Result<u128> {
    match time(given)? {
        0 => Err(Error::new(given.span(), "this must be longer than zero")),
        time => Ok(time),
    }
}

fn backoff(given: &LitStr) -> Result<(u128, u128)> {
    let text = given.value();
    let (first, most) = text.split_once("..").unwrap_or((&text, &text));
    let odd = |why| {
        Error::new(
            given.span(),
            format!(
                "{why}\n`backoff` is one pause, `\"1s\"`, or the first \
                                          and the longest: `\"100ms..30s\"`"
            ),
        )
    };
    let (first, most) = (duration(first).map_err(odd)?, duration(most).map_err(odd)?);
    if most < first {
        return Err(odd("the longest pause is shorter than the first".to_owned()));
    }
    Ok((first, most))
}

fn intensity(given: &LitStr) -> Result<(u32, u128)> {
    let text = given.value();
    let odd = || {
        let text = "`intensity` is how many restarts within which time: `\"5 in 60s\"`";
        Error::new(given.span(), text)
    };
    let (restarts, window) = text.split_once(" in ").ok_or_else(odd)?;
    let restarts = restarts.trim().parse().map_err(|_| odd())?;
    let window = duration(window).map_err(|why| Error::new(given.span(), why))?;
    Ok((restarts, window))
}

/// `250ms`, `1.5s`, `2m`, `1h`, in nanoseconds.
fn duration(text: &str) -> std::result::Result<u128, String> {
    const UNITS: &[(&str, u128)] = &[
        ("ms", 1_000_000),
        ("us", 1_000),
        ("ns", 1),
        ("s", 1_000_000_000),
        ("m", 60_000_000_000),
        ("h", 3_600_000_000_000),
    ];
    let text = text.trim();
    let odd = || format!("`{text}` is no duration; write `250ms`, `1.5s`, `2m` or `1h`");
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(odd)?;
    let (number, unit) = text.split_at(end);
    let unit = UNITS.iter().find(|(name, _)| *name == unit.trim()).ok_or_else(odd)?.1;
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let whole: u128 = whole.parse().map_err(|_| odd())?;
    let mut nanos = whole.checked_mul(unit).ok_or_else(odd)?;
    let mut weight = unit;
    for digit in part.chars() {
        weight /= 10;
        nanos += u128::from(digit.to_digit(10).ok_or_else(odd)?) * weight;
    }
    Ok(nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is wrong with these arguments.
    fn errors(args: &str) -> Vec<String> {
        let mut args: Args = syn::parse_str(&args.replace('\'', "\"")).expect("arguments");
        let mut errors = std::mem::take(&mut args.errors);
        check(&mut args, &mut errors);
        let all = errors.all().into_iter().flatten();
        all.map(|error| error.to_string()).collect()
    }

    #[test]
    fn durations_are_read_and_others_are_told() {
        for (text, nanos) in [
            ("250ms", 250_000_000),
            (" 1.5s", 1_500_000_000),
            ("2 m", 120_000_000_000),
            ("1h", 3_600_000_000_000),
            ("0s", 0),
        ] {
            assert_eq!(duration(text), Ok(nanos), "{text}");
        }
        for text in ["", "5", "s", "1.2.3s", "-1s", "1d", "five s"] {
            assert!(duration(text).is_err_and(|why| why.contains("is no duration")), "{text}");
        }
    }

    #[test]
    fn each_clash_and_each_bad_value_has_its_reason() {
        for (args, expected) in [
            ("workers = 0", "at least 1"),
            ("every = '0s'", "longer than zero"),
            ("grace = '5'", "`5` is no duration"),
            ("restart = 'sometimes'", "known values: `never`"),
            ("restart = 'on-failur'", "did you mean `on-failure`?"),
            ("restart = 'always', backoff = '3s..1s'", "shorter than the first"),
            ("restart = 'always', intensity = '5'", "`\"5 in 60s\"`"),
            ("backoff = '1s'", "without a restart"),
            ("restart = 'never', strategy = 'all'", "without a restart"),
            ("oneshot, restart = 'always'", "take `restart = \"on-failure\"`"),
            ("oneshot, every = '1s'", "keep one of them"),
            ("oneshot, notify", "nothing to `notify`"),
            ("oneshot, on_exit = 'stop'", "remove `on_exit`"),
            ("idle, workers = 2", "an `idle` service runs nothing"),
            ("on_exit = 'ignore', restart = 'always'", "no end is the last one"),
            ("health_every = '1s'", "without a check"),
            ("set = ''", "a set has a name"),
            ("health_failures = 2", "without a check"),
            ("health = Self::check, health_failures = 0", "at least 1"),
            ("health = Self::check, health_timeout = '0s'", "longer than zero"),
            ("oneshot, health = Self::check", "no `health` to check"),
            ("idle, health = Self::check", "an `idle` service runs nothing"),
        ] {
            let errors = errors(args);
            assert_eq!(errors.len(), 1, "{args}: {errors:?}");
            assert!(errors[0].contains(expected), "{args}: {}", errors[0]);
        }
    }

    #[test]
    fn everything_that_makes_sense_together_is_taken() {
        for args in [
            "restart = 'on-failure', backoff = '100ms..30s', intensity = '5 in 1m', strategy = 'rest'",
            "oneshot, restart = 'on-failure', phase = -1, after = [Store, 'log']",
            "workers = 4, notify, start_timeout = '5s', init_timeout = '1s', drain = '2s'",
            "every = '30s', restart = 'always', transient, on_failure = 'ignore'",
            "idle, init = Self::open, on_stop = Self::close",
            "on_exit = 'fail', grace = '0s'",
            "set = 'ingest', restart = 'always', strategy = 'all'",
            "health = Self::check, health_every = '5s', health_timeout = '500ms', health_failures = 1",
        ] {
            assert_eq!(errors(args), [""; 0], "{args}");
        }
    }
}
