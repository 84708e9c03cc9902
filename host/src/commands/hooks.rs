//! `doorward hooks`: compiles scripts, says where they run, and runs the cases beside them.

mod new;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Subcommand;

use super::{CommandResult, Failure, mail_kinds};
use crate::app;
use crate::clock::SystemClock;
use crate::config::{Config, ConfigError, HookConfig};
use crate::crypto::random::SystemRandom;
use crate::crypto::secret::Secret;
use crate::exchange::{PathPattern, Route};
use crate::hooks::{self, Declaration, HookError, HookPoint, MemoryCounters, Registration, ScriptSet, World, cases};
use crate::plugin_host::{Capacity, Plugins, Ports};
use crate::routes;

/// What to do with the scripts.
#[derive(Subcommand)]
pub enum HooksCommand {
    /// Compile the configured scripts and list where each runs.
    Check,
    /// Run the cases beside the configured scripts, or beside one script; no server, no database.
    Test {
        /// A script, configured or not.
        file: Option<PathBuf>,
    },
    /// Write a script with one hook and a case, to begin with: `hooks/NAME.rhai` and `hooks/NAME.cases.toml` beside the
    /// configuration.
    New {
        /// Names the files: small letters, digits, `_` and `-`.
        name: String,
        /// When the hook runs.
        #[arg(long, value_enum, default_value = "before")]
        moment: new::Moment,
    },
    /// Print definitions of everything that scripts call, for editors: write it to `hooks/doorward.d.rhai`.
    Types,
    /// Play recorded audit events to the configured scripts, or to one script, and tell what they would have refused.
    Run {
        /// JSON lines, as the server logs them.
        #[arg(long)]
        replay: PathBuf,
        /// A script, configured or not.
        file: Option<PathBuf>,
    },
}

/// Runs one of the commands; `load` reads the configuration in `config_file`, which a single script does without.
///
/// # Errors
/// When a script cannot be used or a case fails.
pub fn run(
    command: &HooksCommand,
    config_file: &Path,
    load: impl Fn() -> Result<Config, ConfigError>,
) -> CommandResult {
    match command {
        HooksCommand::Check => check(&load()?),
        HooksCommand::Test { file: None } => {
            let config = load()?;
            test(&configured(&config), &config)
        }
        HooksCommand::Test { file: Some(file) } => test(&[(unconfigured(file), file.clone())], &Config::default()),
        HooksCommand::New { name, moment } => new::new(config_file, name, *moment),
        HooksCommand::Types => {
            tell!("{}", hooks::definitions().trim_end());
            Ok(())
        }
        HooksCommand::Run { replay, file } => {
            let config = load()?;
            let mut scripts = configured(&config);
            if let Some(file) = file {
                // The constants are those of the configuration, where it has the script.
                scripts.retain(|(_, path)| same_file(path, file));
                if scripts.is_empty() {
                    scripts.push((unconfigured(file), file.clone()));
                }
            }
            play(&scripts, replay, &config)
        }
    }
}

fn configured(config: &Config) -> Vec<(HookConfig, PathBuf)> {
    config.hooks.iter().map(|hook| (hook.clone(), config.resolve(&hook.file))).collect()
}

fn same_file(a: &Path, b: &Path) -> bool {
    let (a, b) = (a.canonicalize().ok(), b.canonicalize().ok());
    a.is_some() && a == b
}

fn play(scripts: &[(HookConfig, PathBuf)], recorded: &Path, config: &Config) -> CommandResult {
    let routes = at_once(all_routes(config))?;
    let method_of = |path: &str| {
        let route = routes.iter().find(|route| PathPattern::new(&route.path).matches(path))?;
        Some(route.method.clone())
    };
    for (hook, path) in scripts {
        let played = cases::replay(hook, path, recorded, config, method_of)?;
        for line in &played.refused {
            tell!("{}: would refuse {line}", hook.file);
        }
        for line in &played.unclear {
            tell!("{}: cannot tell {line}", hook.file);
        }
        if played.passed_over > 0 {
            remark!("doorward: {} lines are no JSON and were passed over", played.passed_over);
        }
        let (refused, unclear) = (played.refused.len(), played.unclear.len());
        tell!("{}: {} asked, {refused} would be refused, {unclear} cannot be told", hook.file, played.events);
    }
    Ok(())
}

fn unconfigured(file: &Path) -> HookConfig {
    HookConfig::new(&file.display().to_string())
}

fn check(config: &Config) -> CommandResult {
    let scripts = load_scripts(config)?;
    let surroundings = at_once(Surroundings::of(config, &scripts))?;
    for registration in scripts.registrations() {
        let Declaration { moment, method, places, .. } = registration.declaration;
        let (script, name) = (registration.script, moment.name());
        if places.is_empty() {
            tell!("{script}: {name}");
        }
        for place in places {
            match moment {
                HookPoint::Before | HookPoint::After => {
                    tell!("{script}: {name} {} {place}", method.as_deref().unwrap_or("*"));
                }
                _ => tell!("{script}: {name} {place}"),
            }
        }
        surroundings.idle(&registration).iter().for_each(|line| tell!("{line}"));
    }
    let of_all = surroundings.of_all(config, &scripts)?;
    of_all.iter().for_each(|line| tell!("{line}"));
    Ok(())
}

/// What in the scripts cannot do what it seems to, a line each.
///
/// # Errors
/// When plugins cannot be loaded.
pub(super) async fn warnings(config: &Config, scripts: &ScriptSet) -> Result<Vec<String>, Failure> {
    if config.hooks.is_empty() {
        return Ok(Vec::new());
    }
    let surroundings = Surroundings::of(config, scripts).await?;
    let idle = scripts.registrations().flat_map(|registration| surroundings.idle(&registration));
    Ok(idle.chain(surroundings.of_all(config, scripts)?).collect())
}

/// What scripts can name.
struct Surroundings {
    routes: Vec<Route>,
    kinds: Vec<String>,
    has_mail: bool,
}

impl Surroundings {
    async fn of(config: &Config, scripts: &ScriptSet) -> Result<Self, Failure> {
        Ok(Self {
            routes: all_routes(config).await?,
            kinds: [mail_kinds::names(config)?, scripts.sent_kinds()].concat(),
            has_mail: config.mail.is_some(),
        })
    }

    /// Why a hook never runs, a line for each place where it does not.
    fn idle(&self, registration: &Registration<'_>) -> Vec<String> {
        let Declaration { moment, method, places, line, .. } = registration.declaration;
        let method = method.as_deref();
        let at = match line {
            Some(line) => format!("{}:{line}", registration.script),
            None => registration.script.to_owned(),
        };
        let mut lines = Vec::new();
        match moment {
            HookPoint::Before | HookPoint::After => {
                let is_idle = |place: &&String| !self.routes.iter().any(|route| reaches(place, method, route));
                lines.extend(places.iter().filter(is_idle).map(|place| {
                    let (method, hint) = (method.unwrap_or("*"), self.route_meant(place));
                    format!("{at}: warning: no route matches {method} {place}: this hook never runs{hint}")
                }));
            }
            HookPoint::Mail => {
                let is_idle = |place: &&String| *place != "*" && !self.kinds.contains(place);
                lines.extend(places.iter().filter(is_idle).map(|place| {
                    let nearest = hooks::meant(place, self.kinds.iter().map(String::as_str));
                    format!(
                        "{at}: warning: no mail is of the kind {place}: this hook never runs{nearest} (`doorward mail kinds` lists them)"
                    )
                }));
                if !self.has_mail {
                    lines.push(format!("{at}: warning: there is no [mail] section: this hook never runs"));
                }
            }
            _ => {}
        }
        lines
    }

    /// The methods of this path, or the path that is almost called so.
    fn route_meant(&self, place: &str) -> String {
        let of_path = self.routes.iter().filter(|route| reaches(place, None, route));
        let methods = of_path.map(|route| route.method.as_str()).collect::<Vec<_>>().join(", ");
        match methods.as_str() {
            "" => hooks::meant(place, self.routes.iter().map(|route| route.path.as_str())),
            methods => format!("; it takes {methods}"),
        }
    }

    fn of_all(&self, config: &Config, scripts: &ScriptSet) -> Result<Vec<String>, Failure> {
        let is_route = |path: &str| self.routes.iter().any(|route| PathPattern::new(&route.path).matches(path));
        let schema = app::schema(config)?;
        let fields = |model: &str| hooks::visible_fields(&schema, model);
        let mut lines = ScriptSet::vain_grants(config, &schema);
        lines.extend(scripts.findings(&World { is_route: &is_route, fields: &fields, kinds: &self.kinds }));
        Ok(lines)
    }
}

pub(super) fn load_scripts(config: &Config) -> Result<ScriptSet, HookError> {
    let ports = hooks::Ports {
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom),
        counters: Arc::new(MemoryCounters::default()),
        signing_key: Secret::new(String::new()),
    };
    ScriptSet::load(config, &ports)
}

/// The routes of the core and of the configured plugins.
async fn all_routes(config: &Config) -> Result<Vec<Route>, Failure> {
    let plugins = Plugins::load(config, &Ports::default(), &Capacity::default()).await?;
    Ok(routes::core().into_iter().chain(plugins.routes()).collect())
}

/// What a command without a server waits for.
fn at_once<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}

fn reaches(path: &str, method: Option<&str>, route: &Route) -> bool {
    method.is_none_or(|method| method == route.method) && PathPattern::new(path).matches(&route.path)
}

fn test(scripts: &[(HookConfig, PathBuf)], config: &Config) -> CommandResult {
    let (mut passed, mut failed) = (0, 0);
    for (hook, path) in scripts {
        let report = cases::run(hook, path, config)?;
        for failure in &report.failures {
            tell!("FAILED {failure}");
        }
        passed += report.passed;
        failed += report.failures.len();
    }
    tell!("{passed} passed, {failed} failed");
    if failed > 0 { Err("cases of scripts failed".into()) } else { Ok(()) }
}
