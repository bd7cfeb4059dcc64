//! The ordinary command line works on the sandbox as on a real server.

use super::support;
use super::vaults;
use std::process::Command;

/// What a command printed and how it ended, with what a server makes up taken out.
fn run(addr: &str, token: &str, home: &std::path::Path, command: &str) -> (Option<i32>, String) {
    let arguments = command
        .split_whitespace()
        .map(|part| part.replace('~', " "));
    let output = Command::new(support::binaries::vault())
        .args(arguments)
        .env_clear()
        .env("HOME", home)
        .env("VAULT_ADDR", addr)
        .env("VAULT_TOKEN", token)
        .output()
        .unwrap();
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    // Whether there is something to wait for is a matter of moments.
    let told = said.lines().filter(|line| !line.starts_with("Waiting for"));
    let lines = told.map(|line| {
        // How wide a column is depends on what is made up.
        let words = line.split_whitespace().map(|word| {
            if is_made_up(word) || line.starts_with("id ") || word.starts_with("---") {
                "…"
            } else if line.starts_with("ttl ") && is_nearly_an_hour(word) {
                "1h"
            } else {
                word
            }
        });
        let mut words = words.collect::<Vec<_>>();
        if line.starts_with("curl ") {
            // The command keeps its headers in a map, which has no order.
            words.sort_unstable();
        }
        words.join(" ")
    });
    (output.status.code(), lines.collect::<Vec<_>>().join("\n"))
}

/// What is left of an hour a moment ago is a matter of how busy the machine is.
fn is_nearly_an_hour(left: &str) -> bool {
    left == "1h" || left.starts_with("59m")
}

/// What is made up is long, and has digits; by chance it has none.
fn is_made_up(word: &str) -> bool {
    let has = |is: fn(&char) -> bool| word.chars().any(|letter| is(&letter));
    let is_accessor = || {
        let word = word.trim_matches(['"', ',']);
        let begin = ["s.", "hvs."]
            .iter()
            .find_map(|begin| word.strip_prefix(begin));
        has(char::is_ascii_uppercase)
            && has(char::is_ascii_lowercase)
            && word.len() >= 20
            && begin.unwrap_or(word).chars().all(char::is_alphanumeric)
    };
    let is_of_mount = || {
        let made_up = word.rsplit_once('_').map(|(_, made_up)| made_up);
        made_up.is_some_and(|made_up| {
            made_up.len() == 8 && made_up.chars().all(|letter| letter.is_ascii_hexdigit())
        })
    };
    word.len() >= 8 && (has(char::is_ascii_digit) || is_accessor() || is_of_mount())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ordinary_commands_end_and_print_alike() {
    let (_pair, sandbox, real) = vaults().await;
    let home = tempfile::tempdir().unwrap();
    let rules = home.path().join("rules.hcl");
    std::fs::write(&rules, "path \"secret/*\" { capabilities = [\"read\"] }\n").unwrap();
    let commands = r"
        status
        status -format=json
        policy list
        policy write team {rules}
        policy write team {rules}
        policy read team
        policy read none
        policy list -format=json
        policy delete team
        policy delete none
        secrets list
        secrets list -detailed
        secrets enable -path=kv -version=2 kv
        secrets enable -path=kv kv
        secrets enable -path=old -version=1 -description=ours kv
        secrets tune -description=more old/
        secrets tune -default-lease-ttl=1h old/
        secrets disable old/
        secrets disable old/
        secrets enable -plugin-version=1 -path=other kv
        write sys/mounts/typed type=kv options=version=2
        read sys/mounts/typed
        write sys/mounts/typed/tune options=version=1
        write sys/mounts/typed/tune options=frob=1
        secrets tune -max-lease-ttl=-1s typed
        read sys/mounts/typed/tune
        write sys/mounts/other type=kv options={}
        write sys/mounts/other type=kv config=default_lease_ttl=5m
        write sys/mounts/other type=kv local=frob
        auth list
        auth list -detailed
        auth tune -description=tokens token/
        auth enable -path=people jwt
        auth list -format=json
        auth tune -token-type=batch people
        auth tune -token-type=none people
        auth tune -default-lease-ttl=1h -listing-visibility=unauth people
        read sys/auth/people/tune
        auth move people folk
        auth disable folk
        auth disable none
        auth enable -plugin-version=1 -path=other kubernetes
        write sys/auth/other type=kubernetes options=a=b
        read sys/auth/other
        token create -policy=default -ttl=1h -field=token_type
        token create -policy=default -ttl=1h
        token create -orphan -period=1h -policy=default -display-name=a -metadata=a=b
        write auth/token/roles/ours allowed_policies=a,default orphan=true token_period=1h path_suffix=suffix
        read auth/token/roles/ours
        list auth/token/roles
        token create -role=ours
        token create -role=ours -policy=b
        token create -role=none
        delete auth/token/roles/ours
        token lookup
        token lookup none
        token capabilities sys/mounts
        token capabilities root sys/mounts
        token renew
        token revoke none
        token revoke -accessor none
        kv put kv/a one=1 two=2
        kv get kv/a
        kv get -field=one kv/a
        kv get -format=json kv/a
        kv get kv/none
        kv put -cas=0 kv/a one=1
        kv patch kv/a three=3
        kv get -wrap-ttl=60s kv/a
        kv get -wrap-ttl=1h -format=json kv/a
        write -wrap-ttl=60s -f sys/wrapping/wrap
        write -wrap-ttl=60s sys/wrapping/wrap a=b
        token create -wrap-ttl=60s -policy=default
        unwrap none
        unwrap
        kv list kv
        kv list kv/none
        kv metadata get kv/a
        kv metadata put -max-versions=3 -custom-metadata=a=b kv/a
        kv delete kv/a
        kv undelete -versions=1 kv/a
        kv rollback -version=1 kv/a
        kv rollback -version=9 kv/a
        kv get -version=9 kv/a
        kv get -version=1 -format=yaml kv/a
        kv get -mount=kv -field=none a
        kv metadata get -format=json kv/a
        kv metadata patch -custom-metadata=c=d kv/a
        kv metadata patch -remove-custom-metadata=a kv/a
        kv patch -method=rw kv/a four=4
        kv patch -cas=1 kv/a four=4
        kv put -output-curl-string kv/a b=c
        kv put -output-policy kv/a b=c
        list -format=json kv/metadata
        scan kv/metadata
        write sys/capabilities-self paths=kv/data/a
        token create -type=batch -policy=default -field=token_type
        token create -type=batch -policy=default -period=1h
        token create -type=batch -policy=default -period=30m -ttl=5m
        token create -type=batch -policy=default -use-limit=2
        token create -type=batch -policy=default -explicit-max-ttl=1h
        write auth/token/create type=batch policies=default id=chosen
        write -f auth/token/tidy
        token create -id=chosen -policy=default -ttl=1h
        token lookup chosen
        token renew -increment=10m chosen
        token revoke chosen
        token create -ttl=none
        token create -type=none
        kv destroy -versions=1 kv/a
        kv metadata delete kv/a
        kv put none/a b=c
        write kv/config max_versions=4
        read kv/config
        write kv/data/b data=x
        read sys/mounts/kv
        read -format=json sys/policies/acl/root
        read sys/nope
        list sys/policies/acl
        list kv/metadata
        delete kv/metadata/none
        write -f sys/nope
        write sys/policies/acl/x policy=@{rules}
        read sys/policies/acl/x
        secrets move kv/ moved/
        namespace list
        namespace create team
        namespace lookup team
        namespace list
        write sys/namespaces/other custom_metadata=a=b
        namespace lock team
        namespace lookup team
        namespace lock team
        secrets list -namespace=team
        kv get team/kv/a
        namespace unlock team
        namespace unlock team
        namespace lock -namespace=team
        namespace unlock -namespace=team
        namespace lock
        namespace lock none
        secrets enable -namespace=team -path=kv -version=2 kv
        kv put team/kv/a b=c
        kv get team/kv/a
        kv get -mount=team/kv a
        kv get -namespace=team kv/none
        kv list team/kv
        secrets list -namespace=none
        auth enable -namespace=team none
        namespace delete team
        login root
        print token
    ";
    let mut differences = String::new();
    for command in commands
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
    {
        let command = command.replace("{rules}", &rules.display().to_string());
        let (ours, theirs) = std::thread::scope(|scope| {
            let ours = || run(sandbox.addr(), sandbox.root_token(), home.path(), &command);
            let ours = scope.spawn(ours);
            let theirs = run(real.addr(), real.token(), home.path(), &command);
            (ours.join().unwrap(), theirs)
        });
        let ours = (ours.0, ours.1.replace(sandbox.addr(), "ADDR"));
        let theirs = (theirs.0, theirs.1.replace(real.addr(), "ADDR"));
        if ours != theirs {
            differences.push_str(&format!(
                "`{command}` of the sandbox ended {:?}:\n{}\nand of the real one {:?}:\n{}\n\n",
                ours.0, ours.1, theirs.0, theirs.1
            ));
        }
    }
    assert!(differences.is_empty(), "{differences}");
}
