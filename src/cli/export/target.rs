//! `--for PROGRAM`, and the forms that are directories for leaf certificates.

use std::path::PathBuf;

use super::{
    Args,
    delivery::{self, Report, absolute, tell, write_one},
    input,
};
use crate::{
    Error,
    cert::Role,
    cli::{Context, Exit},
    export::{Part, Place, Side, Stores, Target, host_of},
    name::{San, escape},
    store::{Shelf, Store, directory_name},
};

pub(super) fn run(args: &Args, program: &str, context: &Context) -> anyhow::Result<Exit> {
    let Some(target) = Target::find(program) else {
        return Err(Error::WordUnknown { word: program.to_owned(), wanted: "program" }.into());
    };
    // Before anybody is asked for anything.
    args.owner.resolve()?;
    let material = args
        .handed_out(target.name, |leaf| target.side(leaf, args.place.as_client).is_ok_and(needs_password))?;
    args.require_roots(&material)?;
    let Some(leaf) = material.fullchain.first() else {
        return Err(Error::LeafMissing { key: None, key_id: None }.into());
    };
    let side = target.side(leaf, args.place.as_client)?;
    let name = input::name(args, Some(&material));
    let out = match &args.out {
        Some(out) => out.clone(),
        None => PathBuf::from(format!("{}-{}", directory_name(&name)?, target.name)),
    };
    if !args.force {
        crate::fs::require_absent(&out, &side.files.iter().map(|(file, _)| *file).collect::<Vec<_>>())?;
    }
    let serves = side.client.is_some();
    let directory = absolute(args.place.path.as_ref().unwrap_or(&out))?;
    let (client, client_directory) = client(args, if serves { None } else { Some(leaf.title()) })?;
    let host = match &args.place.host {
        Some(San::Dns(name)) => name.to_string(),
        Some(San::Ip(address)) => address.to_string(),
        Some(_) => {
            return Err(Error::Usage { problem: "--host is a DNS name or an IP address".into() }.into());
        }
        None if serves => host_of(leaf).unwrap_or_else(|| "localhost".into()),
        None => "localhost".into(),
    };
    let place = Place {
        directory: &directory,
        client_directory: &client_directory,
        client: &client,
        host: &host,
        address: args.place.listen,
        port: args.place.port.unwrap_or(target.port),
    };
    let alias = args.friendly_name.clone().unwrap_or_else(|| name.clone());
    let password = match needs_password(side) {
        true => {
            let what = format!("exported file {}", escape(&out.to_string_lossy()));
            Some(args.password.password(&what, &args.passphrase)?)
        }
        false => None,
    };
    let stores = password.as_ref().map(|password| Stores {
        password,
        compat: args.compat,
        name: &alias,
        random: &context.random,
    });
    let recipe = side.recipe(&material, stores.as_ref(), &place)?;
    let files = delivery::write(args, &out, &recipe.files)?;
    if let (Some(user), true, false) = (target.user, serves, args.owner.is_given()) {
        args.output.notice(format!(
            "packages run {0} as the user {user}, who cannot read this key: as root, add --owner {user} or --group {user}",
            target.name
        ));
    }
    if serves && target.name == "etcd" && leaf.role() == Role::Server {
        args.output.notice("etcd's gateway is a client of itself with this certificate, and fails without clientAuth: pkit issue peer NAME");
    }
    let report = Report {
        owner: args.owner.told(),
        snippet: recipe.snippet,
        client: recipe.client,
        ..Report::new(target.name, name, out, files)
    };
    tell(args, &report)?;
    Ok(Exit::Yes)
}

fn needs_password(side: &Side) -> bool {
    side.files.iter().any(|(_, part)| part.needs_password())
}

/// The client whose line is told, and where its files are.
fn client(args: &Args, own: Option<String>) -> anyhow::Result<(String, PathBuf)> {
    if let Some(own) = own {
        return Ok((own, PathBuf::new()));
    }
    let Some(name) = &args.place.client else { return Ok(("client".into(), PathBuf::from("client"))) };
    let store = Store::open(&args.pki.pki)?;
    let leaf = store.leaf(name)?;
    let title = leaf.fullchain.first().map(crate::cert::Certificate::title);
    Ok((title.unwrap_or_else(|| name.clone()), store.link(Shelf::Live, name)?))
}

/// `--to combined`
pub(super) fn combined(args: &Args) -> anyhow::Result<Exit> {
    let material = args.handed_out("a file of everything", |_| false)?;
    let name = input::name(args, Some(&material));
    let file = material.file("", Part::Combined, None)?;
    let default = format!("{}-combined.pem", directory_name(&name)?);
    if let Some((path, made)) = write_one(args, &default, &file)? {
        tell(args, &Report::new("combined", name, path, vec![made]))?;
    }
    Ok(Exit::Yes)
}
