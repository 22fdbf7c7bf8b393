//! The purpose of each column, as the options say.

use chainrule_config::{did_you_mean, listing};

use crate::text::Want;
use crate::{Options, TableError};

/// The purpose of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// It is learned from.
    Input,
    /// It is predicted.
    Target,
    /// It says what each sample weighs.
    Weight,
    /// It says which samples belong together.
    Group,
    /// It says in which order samples came.
    Time,
    /// It was left out on request.
    Ignored,
}

/// The kind that an input is asked to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Nothing,
    /// To be kept, whatever it looks like.
    Only,
    Numeric,
    Categorical,
}

#[derive(Debug)]
pub(crate) struct Roles {
    pub roles: Vec<Role>,
    pub asked: Vec<Asked>,
    /// The columns to be predicted, in the order in which they were asked for.
    pub targets: Vec<usize>,
}

impl Roles {
    /// # Errors
    /// A column that is not there, or with two things asked of it that exclude each other.
    pub(crate) fn of(
        names: &[String],
        of_file: &[usize],
        options: &Options,
        file: &str,
    ) -> Result<Self, TableError> {
        let count = names.len();
        let mut roles: Vec<Option<(Role, &'static str)>> = vec![None; count];
        let mut asked = vec![Asked::Nothing; count];
        let find = |option, column: &String| position(names, option, column, file);
        let clash = |option, column: &str, other: &str| TableError::Option {
            option,
            column: column.to_owned(),
            what: format!("the option {other} names the same column; leave one of them out"),
        };
        let one = |option: &Option<String>| option.iter().cloned().collect::<Vec<String>>();
        let mut targets = Vec::new();
        for (option, role, columns) in [
            ("target", Role::Target, options.targets.clone()),
            ("weights", Role::Weight, one(&options.weights)),
            ("groups", Role::Group, one(&options.groups)),
            ("time", Role::Time, one(&options.time)),
            ("ignore", Role::Ignored, options.ignore.clone()),
        ] {
            for column in &columns {
                let at = find(option, column)?;
                match roles[at] {
                    Some((Role::Ignored, _)) if role == Role::Ignored => {}
                    Some((_, other)) => return Err(clash(option, column, other)),
                    None => roles[at] = Some((role, option)),
                }
                targets.extend((role == Role::Target).then_some(at));
            }
        }
        for &at in of_file.iter().filter(|_| options.targets.is_empty()) {
            if roles[at].is_none() {
                roles[at] = Some((Role::Target, "target"));
                targets.push(at);
            }
        }
        if targets.is_empty() {
            let is_free = |at: &usize| roles[*at].is_none() && !is_index(&names[*at]);
            let last = (0..count).rev().find(is_free).ok_or_else(|| TableError::File {
                file: file.to_owned(),
                what: "has no column left to be predicted; name one as target".to_owned(),
            })?;
            roles[last] = Some((Role::Target, "target"));
            targets.push(last);
        }
        for (option, wish, columns) in [
            ("only", Asked::Only, &options.only),
            ("numeric", Asked::Numeric, &options.numeric),
            ("categorical", Asked::Categorical, &options.categorical),
        ] {
            for column in columns {
                let at = find(option, column)?;
                match (roles[at], asked[at]) {
                    (Some((Role::Target, _)), _) if option != "only" => {
                        let what = "it is the target; say by the task what it holds".to_owned();
                        let column = column.clone();
                        return Err(TableError::Option { option, column, what });
                    }
                    (Some((_, other)), _) => return Err(clash(option, column, other)),
                    (None, Asked::Numeric) if wish == Asked::Categorical => {
                        return Err(clash(option, column, "numeric"));
                    }
                    (None, _) => asked[at] = wish,
                }
            }
        }
        // A column may be asked for by `only` and as numeric, too.
        let kept: Vec<usize> =
            options.only.iter().map(|column| find("only", column)).collect::<Result<_, _>>()?;
        let roles = roles.into_iter().enumerate().map(|(at, role)| match role {
            Some((role, _)) => role,
            None if kept.is_empty() || kept.contains(&at) => Role::Input,
            None => Role::Ignored,
        });
        Ok(Roles { roles: roles.collect(), asked, targets })
    }

    pub(crate) fn wants(&self) -> Vec<Want> {
        let want = |(role, asked): (&Role, &Asked)| match (role, asked) {
            (Role::Ignored, _) => Want::Nothing,
            (Role::Target | Role::Group, _) => Want::Labels,
            (_, Asked::Categorical) => Want::Words,
            _ => Want::Values,
        };
        self.roles.iter().zip(&self.asked).map(want).collect()
    }
}

/// Returns true if a column has the row numbers of pandas, which writes them last.
pub(crate) fn is_index(name: &str) -> bool {
    name.starts_with("__index_level_")
}

/// The place of the column that an option names, by its name or by its number from 1.
fn position(
    names: &[String],
    option: &'static str,
    column: &str,
    file: &str,
) -> Result<usize, TableError> {
    let by_number = || column.parse::<usize>().ok()?.checked_sub(1).filter(|at| *at < names.len());
    let by_name = names.iter().position(|name| name == column);
    by_name.or_else(by_number).ok_or_else(|| {
        let known = || names.iter().map(String::as_str);
        TableError::NoColumn {
            option,
            column: column.to_owned(),
            file: file.to_owned(),
            near: did_you_mean(column, known()),
            columns: listing(known()),
        }
    })
}
