//! From a call to its answer: whose token it is, whether its policies grant this, and which mount answers.

mod checks;
mod kind;
mod login;

use super::access::Access;
use super::backend::{Question, Review, Step, Surroundings};
use super::call::{Answer, Call, Operation, Refusal};
use super::state::{Mount, State};
use super::tokens::Token;
use super::{Flavour, auth_token, mounts, review, sys, token_role, wrapping};
use crate::sandbox::meter::Kind;
use checks::{check_operation, check_written};
use jiff::Timestamp;
use kind::{kind, value_read};
use std::sync::{Mutex, MutexGuard, PoisonError};

#[derive(Debug)]
pub(super) struct Core {
    flavour: Flavour,
    state: Mutex<State>,
}

/// How a call ended, and what it was.
#[derive(Debug)]
pub(super) struct Done {
    pub result: Result<Answer, Refusal>,
    /// HashiCorp's answers say which kind of mount gave them.
    pub mount_type: String,
    pub kind: Kind,
}

/// Who asks.
#[derive(Debug)]
pub(super) struct Caller {
    pub token: Token,
    pub access: Access,
}

/// A login that waits for a cluster to say whose token it is.
#[derive(Debug)]
struct Waiting {
    call: Call,
    mount: String,
    uuid: String,
    /// What was answered so far.
    reviews: Vec<Review>,
}

enum Begun {
    Done(Done),
    Asks(Box<Question>, Box<Waiting>),
}

impl Core {
    pub(super) fn new(flavour: Flavour, root_token: &str) -> Self {
        Self {
            flavour,
            state: Mutex::new(mounts::first_state(flavour, root_token, Timestamp::now())),
        }
    }

    pub(super) fn flavour(&self) -> Flavour {
        self.flavour
    }

    pub(super) async fn answer(&self, call: Call) -> Done {
        let begun = begin(&mut self.state(), call, Timestamp::now());
        match begun {
            Begun::Done(done) => done,
            Begun::Asks(question, waiting) => self.ask(*question, *waiting).await,
        }
    }

    /// Nobody waits for a cluster that one login waits for.
    async fn ask(&self, mut question: Question, mut waiting: Waiting) -> Done {
        loop {
            waiting.reviews.push(review::ask(&question).await);
            match go_on(&mut self.state(), waiting, Timestamp::now()) {
                Begun::Done(done) => return done,
                Begun::Asks(next, rest) => (question, waiting) = (*next, *rest),
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every step leaves the state whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn begin(state: &mut State, mut call: Call, now: Timestamp) -> Begun {
    let mut done = Done {
        result: Ok(Answer::Empty),
        mount_type: String::new(),
        kind: kind(&call),
    };
    if let Some(answer) = sys::open(state, &call, now) {
        done.result = answer;
        return Begun::Done(done);
    }
    // A mount is entered by its path with a slash, whatever was asked for.
    let written = check_written(&call);
    if !state.enter(&mut call) {
        done.result = Err(Refusal::new(404, "namespace not found"));
        return Begun::Done(done);
    }
    let checked = sys::check_lock(state, &call)
        .and_then(|()| check_operation(&call))
        .and(written);
    if let Err(refusal) = checked {
        done.result = Err(refusal);
        return Begun::Done(done);
    }
    state.tokens.expire(now);
    done.result = match wrapping::check(state, &mut call) {
        Err(refusal) => Err(refusal),
        Ok(()) => match route(state, call.clone(), now, &mut done) {
            Ok(Routed::Asks(question, waiting)) => return Begun::Asks(question, waiting),
            Ok(Routed::Answer(answer)) => {
                wrapping::seal(state, &call, Ok(answer), &done.mount_type, now)
            }
            Err(refusal) => wrapping::seal(state, &call, Err(refusal), &done.mount_type, now),
        },
    };
    Begun::Done(done)
}

enum Routed {
    Answer(Answer),
    Asks(Box<Question>, Box<Waiting>),
}

fn route(
    state: &mut State,
    mut call: Call,
    now: Timestamp,
    done: &mut Done,
) -> Result<Routed, Refusal> {
    let open = is_open(state, &call);
    let caller = if open {
        None
    } else {
        Some(admit(state, &mut call, now)?)
    };
    let answer = dispatch(state, &call, caller.as_ref(), now, done);
    // A token for so many uses is used up by what it asked, whatever came of it.
    if let Some(caller) = &caller
        && state.tokens.get(&caller.token.id).is_some_and(used_up)
    {
        state.tokens.revoke(&caller.token.id);
    }
    match (answer, &caller) {
        (Ok(Routed::Answer(answer)), Some(caller)) => {
            caller.access.seen(&call, answer).map(Routed::Answer)
        }
        (answer, _) => answer,
    }
}

/// Paths that need no token.
fn is_open(state: &mut State, call: &Call) -> bool {
    if wrapping::is_open(&call.path) {
        return true;
    }
    if call.path.starts_with("sys/internal/ui/") && call.operation == Operation::Read {
        return sys::needs_no_token(&call.path);
    }
    let Some(namespace) = state.namespaces.get_mut(&call.namespace) else {
        return false;
    };
    namespace.mount_of(&call.path).is_some_and(|(path, mount)| {
        let below = call.path.strip_prefix(path).unwrap_or_default();
        let backend = mount.backend.as_ref();
        backend.is_some_and(|backend| backend.is_open(below))
    })
}

const OF_ITSELF: [&str; 3] = [
    "auth/token/lookup-self",
    "auth/token/renew-self",
    "auth/token/revoke-self",
];

/// Who asks, when the policies of that token let it ask this.
fn admit(state: &mut State, call: &mut Call, now: Timestamp) -> Result<Caller, Refusal> {
    let token = call.token.as_deref().and_then(|id| state.tokens.get(id));
    let Some(token) = token.cloned() else {
        return Err(Refusal::denied());
    };
    if !token_role::admit_loopback(&token.bound_cidrs) {
        return Err(Refusal::denied());
    }
    if OF_ITSELF.contains(&call.path.as_str()) {
        // What a token asks of itself, it asks where it is at home.
        call.namespace.clone_from(&token.namespace);
    }
    if !call.namespace.starts_with(&token.namespace) {
        return Err(Refusal::not_granted());
    }
    spend(state, &token.id);
    if call.operation == Operation::Update {
        // Whether something is there is asked before the policies are.
        let home = state.namespaces.get_mut(&call.namespace);
        let mount = home.and_then(|home| home.mount_of(&call.path));
        if token.batch && mount.is_some_and(|(_, mount)| is_cubbyhole(mount)) {
            return Err(no_place(state.flavour));
        }
        call.operation = create_or_update(state, call)?;
    }
    let access = Access::of(state, &token, now);
    let guarded = sys::is_guarded(call, state.flavour);
    if !access.allows(call, guarded) {
        if state.tokens.get(&token.id).is_some_and(used_up) {
            state.tokens.revoke(&token.id);
        }
        return Err(Refusal::not_granted());
    }
    Ok(Caller { token, access })
}

fn is_cubbyhole(mount: &Mount) -> bool {
    mount.kind.trim_start_matches("ns_") == "cubbyhole"
}

/// A token without a record has no place of its own.
fn no_place(flavour: Flavour) -> Refusal {
    let kind = match flavour {
        Flavour::OpenBao => "'service'",
        Flavour::HashiCorp => "\"service\"",
    };
    let error = format!("cubbyhole operations are only supported by {kind} type tokens");
    Refusal::invalid(error)
}

fn spend(state: &mut State, id: &str) {
    if let Some(token) = state.tokens.get_mut(id) {
        token.uses_left = match token.uses_left {
            0 => 0,
            1 => -1,
            more => more - 1,
        };
    }
}

fn used_up(token: &Token) -> bool {
    token.uses_left < 0
}

fn create_or_update(state: &mut State, call: &Call) -> Result<Operation, Refusal> {
    let flavour = state.flavour;
    let namespace = state.namespaces.get_mut(&call.namespace);
    let mount = namespace.and_then(|namespace| namespace.mount_of(&call.path));
    let Some((path, mount)) = mount else {
        return Ok(Operation::Update);
    };
    let Some(backend) = &mount.backend else {
        return match mount.kind.trim_start_matches("ns_") {
            "token" => auth_token::told_apart(state, call),
            _ => Ok(Operation::Update),
        };
    };
    let below = call.below(path);
    backend.readable(&below, flavour)?;
    Ok(match backend.exists(&below.path) {
        Some(false) => Operation::Create,
        _ => Operation::Update,
    })
}

fn dispatch(
    state: &mut State,
    call: &Call,
    caller: Option<&Caller>,
    now: Timestamp,
    done: &mut Done,
) -> Result<Routed, Refusal> {
    let flavour = state.flavour;
    let namespace = state.namespaces.get_mut(&call.namespace);
    let found = namespace.and_then(|namespace| namespace.mount_of(&call.path));
    let Some((path, mount)) = found else {
        let error = format!(
            "no handler for route {:?}. route entry not found.",
            call.path
        );
        return Err(Refusal::new(404, error));
    };
    if caller.is_some() {
        done.mount_type.clone_from(&mount.kind);
    }
    let path = path.to_owned();
    if let Some(kind) = value_read(mount, &path, call) {
        done.kind = kind;
    }
    if caller.is_some_and(|caller| caller.token.batch) && is_cubbyhole(mount) {
        return Err(no_place(flavour));
    }
    let Some(backend) = &mut mount.backend else {
        let kind = mount.kind.clone();
        return of_the_core(state, call, caller, &kind, now).map(Routed::Answer);
    };
    let uuid = mount.uuid.clone();
    let around = Surroundings {
        now,
        flavour,
        default_ttl: mounts::lease_ttl(mount.default_lease_ttl),
        max_ttl: mounts::max_ttl(mount.max_lease_ttl),
    };
    match backend.handle(&call.below(&path), &around)? {
        Step::Done(Answer::Login(login)) => {
            login::token(state, call, &path, *login, now).map(Routed::Answer)
        }
        Step::Done(answer) => Ok(Routed::Answer(answer)),
        Step::Ask(question) => {
            let waiting = Waiting {
                call: call.clone(),
                mount: path,
                uuid,
                reviews: Vec::new(),
            };
            Ok(Routed::Asks(question, Box::new(waiting)))
        }
    }
}

/// What no backend answers, but the server itself: on a mount of this kind, which every namespace has.
fn of_the_core(
    state: &mut State,
    call: &Call,
    caller: Option<&Caller>,
    kind: &str,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    if call.path.starts_with("sys/wrapping/") {
        return wrapping::handle(state, call, caller, now);
    }
    let Some(caller) = caller else {
        return sys::internal(state, call, now);
    };
    match kind.trim_start_matches("ns_") {
        "system" => sys::handle(state, call, caller, now),
        "token" => auth_token::handle(state, call, caller, now),
        // Nobody is known there.
        "identity" if call.operation == Operation::Read => Err(Refusal::not_found()),
        _ => Err(Refusal::unsupported_path()),
    }
}

/// What comes after an answer, on the mount that the login began on; if that is gone, so is the login.
fn go_on(state: &mut State, waiting: Waiting, now: Timestamp) -> Begun {
    let step = next_step(state, &waiting, now);
    let Waiting { call, mount, .. } = &waiting;
    let result = match step {
        Ok(Step::Ask(question)) => return Begun::Asks(question, Box::new(waiting)),
        Ok(Step::Done(Answer::Login(login))) => login::token(state, call, mount, *login, now),
        Ok(Step::Done(answer)) => Ok(answer),
        Err(refusal) => Err(refusal),
    };
    Begun::Done(Done {
        result: wrapping::seal(state, call, result, "", now),
        mount_type: String::new(),
        kind: Kind::Login,
    })
}

fn next_step(state: &mut State, waiting: &Waiting, now: Timestamp) -> Result<Step, Refusal> {
    let Waiting { call, mount, .. } = waiting;
    let flavour = state.flavour;
    let namespace = state.namespaces.get_mut(&call.namespace);
    let found = namespace.and_then(|namespace| namespace.mounts.get_mut(mount));
    let found = found.filter(|found| found.uuid == waiting.uuid);
    let found = found.ok_or_else(Refusal::denied)?;
    let around = Surroundings {
        now,
        flavour,
        default_ttl: mounts::lease_ttl(found.default_lease_ttl),
        max_ttl: mounts::max_ttl(found.max_lease_ttl),
    };
    let backend = found.backend.as_mut();
    let backend = backend.ok_or_else(Refusal::unsupported_path)?;
    backend.reviewed(&call.below(mount), &around, &waiting.reviews)
}
