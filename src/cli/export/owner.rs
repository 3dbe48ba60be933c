//! Whose the files are: users and groups by name or number.

use nix::unistd::{Group, User};

use crate::{Error, fs::Owner};

/// Options about whose the files are.
#[derive(clap::Args, Default)]
pub(super) struct OwnerArgs {
    /// Give the files to a user, as root: the one that the server runs as
    #[arg(long, help_heading = "Owner", value_name = "USER[:GROUP]")]
    owner: Option<String>,
    /// Give the files to a group, which can then read the key: mode 0640
    #[arg(long, help_heading = "Owner", value_name = "GROUP")]
    group: Option<String>,
}

impl OwnerArgs {
    /// Whether one of them was used.
    pub(super) fn is_given(&self) -> bool {
        self.owner.is_some() || self.group.is_some()
    }

    /// Whether the group is to read the key.
    pub(super) fn for_group(&self) -> bool {
        self.group.is_some()
    }

    /// What was said, for the report.
    pub(super) fn told(&self) -> Option<String> {
        let group = self.group.as_ref().map(|group| format!(":{group}")).unwrap_or_default();
        self.is_given().then(|| format!("{}{group}", self.owner.as_deref().unwrap_or_default()))
    }

    /// Their numbers.
    ///
    /// # Errors
    /// [`Error::WordUnknown`], [`Error::Usage`].
    pub(super) fn resolve(&self) -> Result<Owner, Error> {
        let (user, group) = match self.owner.as_deref() {
            Some(owner) => {
                owner.split_once(':').map_or((Some(owner), None), |(user, group)| (Some(user), Some(group)))
            }
            None => (None, None),
        };
        if group.is_some() && self.group.is_some() {
            return Err(Error::Usage {
                problem: "the group is said twice: --owner USER:GROUP, --group GROUP".into(),
            });
        }
        let group = group.or(self.group.as_deref());
        Ok(Owner {
            user: user
                .map(|name| {
                    number(name, "user", |name| Ok(User::from_name(name)?.map(|user| user.uid.as_raw())))
                })
                .transpose()?,
            group: group
                .map(|name| {
                    number(name, "group", |name| Ok(Group::from_name(name)?.map(|group| group.gid.as_raw())))
                })
                .transpose()?,
        })
    }
}

fn number(
    name: &str,
    wanted: &'static str,
    find: impl Fn(&str) -> nix::Result<Option<u32>>,
) -> Result<u32, Error> {
    let unknown = || Error::WordUnknown { word: name.to_owned(), wanted };
    match name.parse() {
        Ok(number) => Ok(number),
        Err(_) => find(name).ok().flatten().ok_or_else(unknown),
    }
}
