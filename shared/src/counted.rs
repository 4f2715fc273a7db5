//! What hosts count for the edge in sliding windows, each under a name that nothing else has.

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted<'a> {
    /// Sessions that an address asks a site for.
    Sessions {
        /// Of which site.
        site: &'a str,
        /// As the host vouches for it.
        address: &'a str,
    },
    /// Newcomers whom a site lets in without a proof.
    Newcomers {
        /// Which site.
        site: &'a str,
    },
    /// Sessions that are opened with the answer to one puzzle.
    Answers {
        /// Whole, with its signature.
        puzzle: &'a str,
    },
}

impl Counted<'_> {
    /// The name under which it is counted. Sites' ids begin with a letter or a digit.
    pub fn name(self) -> String {
        match self {
            Self::Sessions { site, address } => format!("{site} {address}"),
            Self::Newcomers { site } => format!("+{site}"),
            Self::Answers { puzzle } => format!("={puzzle}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_two_are_counted_under_one_name() {
        let all = [
            Counted::Sessions { site: "shop", address: "203.0.113.7" },
            Counted::Sessions { site: "shop", address: "203.0.113.8" },
            Counted::Sessions { site: "shop", address: "+shop" },
            Counted::Newcomers { site: "shop" },
            Counted::Answers { puzzle: "shop" },
        ];
        let names: BTreeSet<_> = all.into_iter().map(Counted::name).collect();
        assert_eq!(names.len(), all.len());
    }
}
