//! What is on disk is damaged, half-written or gone.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use keyfleet::git::{Cache, Outcome};

use super::place::{Place, noise, said, url};
use super::road::Traffic;

/// The file in the cache's repository that is a pack, and the largest.
fn pack(place: &Place) -> PathBuf {
    let folders = fs::read_dir(place.folder.path()).unwrap();
    let packs =
        folders.filter_map(|folder| fs::read_dir(folder.unwrap().path().join("objects/pack")).ok());
    let packs = packs.flatten().map(|file| file.unwrap().path());
    let packs = packs.filter(|path| path.extension().is_some_and(|ending| ending == "pack"));
    let pack = packs
        .max_by_key(|path| path.metadata().unwrap().len())
        .unwrap();
    fs::set_permissions(&pack, fs::Permissions::from_mode(0o644)).unwrap();
    pack
}

/// A cache that follows `second`, and a third commit on the server.
fn followed() -> (Place, String, String) {
    let place = Place::new();
    place.write("large.bin", noise(7, 100_000));
    let second = place.commit("second, large");
    place.push();
    place.fetch(&mut place.cache());
    let third = place.commit("third");
    (place, second, third)
}

#[test]
fn a_truncated_pack_is_fetched_anew_and_the_followed_commit_is_remembered() {
    let (place, second, third) = followed();
    let pack = pack(&place);
    let half = pack.metadata().unwrap().len() / 2;
    fs::File::options()
        .write(true)
        .open(&pack)
        .unwrap()
        .set_len(half)
        .unwrap();
    let mut cache = place.cache();
    let error = place.read(&mut cache, &second).unwrap_err();
    assert!(
        said(&error).contains("damaged or incomplete"),
        "{}",
        said(&error)
    );
    place.push();
    let fetched = place.fetch(&mut cache);
    let (from, to) = (second, third.clone());
    assert_eq!(fetched.outcome, Outcome::Forward { from, to });
    assert!(fetched.anew.unwrap().contains("damaged"));
    place.reads(&mut cache, &third, "third");
    place.reads(&mut place.cache(), &third, "third");
    assert_eq!(place.fetch(&mut cache).anew, None);
}

#[test]
fn a_pack_with_a_wrong_byte_gives_an_error_or_the_right_text_and_then_heals() {
    let (place, second, _) = followed();
    let pack = pack(&place);
    let mut bytes = fs::read(&pack).unwrap();
    let middle = bytes.len() / 2;
    for byte in &mut bytes[middle..middle + 64] {
        *byte ^= 0xff;
    }
    fs::write(&pack, bytes).unwrap();
    let mut cache = place.cache();
    // Nothing on disk looks wrong until it is read.
    let error = place.read(&mut cache, &second).unwrap_err();
    assert!(said(&error).contains("large.bin"), "{}", said(&error));
    let fetched = place.fetch(&mut cache);
    let commit = second.clone();
    assert_eq!(fetched.outcome, Outcome::Unchanged { commit });
    assert!(fetched.anew.unwrap().contains("large.bin"));
    place.reads(&mut cache, &second, "second, large");
}

#[test]
fn a_rewrite_is_held_also_where_the_objects_were_lost() {
    let (place, second, third) = followed();
    place.git(&["reset", "-q", "--hard", "HEAD~2"]);
    let aside = place.commit("aside");
    place.push();
    fs::remove_dir_all(pack(&place).parent().unwrap().join("../..")).unwrap();
    let mut cache = place.cache();
    assert_eq!(cache.followed(), Some(&*second));
    match place.fetch(&mut cache).outcome {
        Outcome::Rewritten { from, to, .. } => assert_eq!((from, to), (second.clone(), aside)),
        other => panic!("{other:?}"),
    }
    // This server does not give a commit that no branch leads to; what was lost is said, and nothing else is read for it.
    let error = said(&place.read(&mut cache, &second).unwrap_err());
    assert!(error.contains("damaged or incomplete"), "{error}");
    place.git(&["reset", "-q", "--hard", &third]);
    place.push();
    let (from, to) = (second, third.clone());
    assert_eq!(place.outcome(&mut cache), Outcome::Forward { from, to });
    place.reads(&mut cache, &third, "third");
}

#[test]
fn a_server_that_gives_single_commits_gives_back_the_lost_one() {
    let (place, second, _) = followed();
    super::command::git(
        &place.bare(),
        &["config", "uploadpack.allowAnySHA1InWant", "true"],
    );
    place.git(&["reset", "-q", "--hard", "HEAD~2"]);
    place.commit("aside");
    place.push();
    fs::remove_dir_all(pack(&place).parent().unwrap().join("../..")).unwrap();
    let mut cache = place.cache();
    assert!(matches!(
        place.outcome(&mut cache),
        Outcome::Rewritten { .. }
    ));
    place.reads(&mut cache, &second, "second, large");
}

#[test]
fn a_state_that_is_gone_or_torn_begins_anew() {
    let (place, second, _) = followed();
    let state = place.folder.path().join("state.json");
    for torn in ["", "{\"source\":", "[]"] {
        fs::write(&state, torn).unwrap();
        let mut cache = place.cache();
        let fetched = place.fetch(&mut cache);
        assert!(matches!(fetched.outcome, Outcome::First { .. }));
        assert_eq!(fetched.anew.as_deref(), Some("state.json is damaged"));
        place.reads(&mut cache, &second, "second, large");
    }
    fs::remove_file(&state).unwrap();
    let fetched = place.fetch(&mut place.cache());
    assert!(matches!(fetched.outcome, Outcome::First { .. }) && fetched.anew.is_none());
}

#[test]
fn a_folder_that_is_emptied_under_a_running_process_is_filled_again() {
    let (place, second, third) = followed();
    let mut cache = place.cache();
    fs::remove_dir_all(place.folder.path()).unwrap();
    assert!(place.read(&mut cache, &second).is_err());
    place.push();
    let fetched = place.fetch(&mut cache);
    let (from, to) = (second, third.clone());
    assert_eq!(fetched.outcome, Outcome::Forward { from, to });
    assert!(fetched.anew.is_some());
    place.reads(&mut place.cache(), &third, "third");
}

#[test]
fn a_folder_that_cannot_be_made_or_written_is_named() {
    let place = Place::new();
    let file = place.folder.path().join("file");
    fs::write(&file, "").unwrap();
    let address = url("https://git.example/acme.git");
    let error = Cache::open(&file.join("cache"), &address, None).unwrap_err();
    let error = said(&error);
    assert!(
        error.contains("file/cache") && error.contains("may write"),
        "{error}"
    );
    let mut cache = place.cache();
    place.fetch(&mut cache);
    fs::create_dir(place.folder.path().join("state.json.new")).unwrap();
    let (before, after) = (place.head(), place.commit("third"));
    place.push();
    place.fails(&mut cache, &["state.json", "may write"]);
    // Not even this process believes what the next one would not know.
    place.reads(&mut cache, &before, "second");
    fs::remove_dir(place.folder.path().join("state.json.new")).unwrap();
    let (from, to) = (before, after.clone());
    assert_eq!(place.outcome(&mut cache), Outcome::Forward { from, to });
    place.reads(&mut cache, &after, "third");
}

#[test]
fn a_server_that_is_down_leaves_a_damaged_cache_with_a_clear_error() {
    let (place, second, _) = followed();
    let pack = pack(&place);
    fs::write(pack, "").unwrap();
    place.road.set(Traffic::Closed);
    let mut cache = place.cache();
    place.fails(&mut cache, &["failed to fetch", "check the address"]);
    let error = said(&place.read(&mut cache, &second).unwrap_err());
    assert!(error.contains("damaged or incomplete"), "{error}");
    place.road.set(Traffic::Free);
    assert!(place.fetch(&mut cache).anew.is_some());
    place.reads(&mut cache, &second, "second, large");
}
