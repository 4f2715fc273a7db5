//! Who does something in a conversation.

use kefu_proto::v1::{Author, author::Role as Wire};

/// On which side somebody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Asks.
    Visitor,
    /// Answers, by machine.
    Bot,
    /// Answers, in person (客服).
    Agent,
    /// The desk itself.
    System,
}

/// A participant. Two with the same role and id are the same, whatever their name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Who {
    /// On which side.
    pub role: Role,
    /// Unique among those of the role within the site.
    pub id: String,
    /// Shown to the other side.
    pub name: Option<String>,
    /// BCP 47, when it is known.
    pub locale: Option<String>,
}

impl Who {
    /// A visitor.
    pub fn visitor(id: impl Into<String>) -> Self {
        Self { role: Role::Visitor, id: id.into(), name: None, locale: None }
    }

    /// An agent.
    pub fn agent(id: impl Into<String>, name: impl Into<String>) -> Self {
        Self { role: Role::Agent, id: id.into(), name: Some(name.into()), locale: None }
    }

    /// The desk itself.
    pub fn system() -> Self {
        Self { role: Role::System, id: String::new(), name: None, locale: None }
    }

    /// The AI, under the name that its site gives it.
    pub fn bot() -> Self {
        Self { role: Role::Bot, id: "bot".into(), name: None, locale: None }
    }

    /// What stands in the log.
    pub fn author(&self) -> Author {
        Author { role: self.role.wire().into(), id: self.id.clone(), name: self.name.clone() }
    }

    /// What tells this participant from all others in a conversation, such as `V:3fa9…`.
    pub fn tag(&self) -> String {
        format!("{}:{}", self.role.letter(), self.id)
    }

    /// What tells `key` from all other keys in a conversation.
    pub fn sender(&self, key: &str) -> String {
        format!("{}:{}:{}", self.role.letter(), self.id, key)
    }
}

impl Role {
    /// As the contract writes it.
    pub fn wire(self) -> Wire {
        match self {
            Self::Visitor => Wire::Visitor,
            Self::Bot => Wire::Bot,
            Self::Agent => Wire::Agent,
            Self::System => Wire::System,
        }
    }

    fn letter(self) -> char {
        match self {
            Self::Visitor => 'V',
            Self::Bot => 'B',
            Self::Agent => 'A',
            Self::System => 'S',
        }
    }

    fn of_letter(letter: &str) -> Option<Self> {
        match letter {
            "V" => Some(Self::Visitor),
            "B" => Some(Self::Bot),
            "A" => Some(Self::Agent),
            "S" => Some(Self::System),
            _ => None,
        }
    }
}

/// The author behind a [`Who::tag`], without a name.
pub fn author_of_tag(tag: &str) -> Option<Author> {
    let (letter, id) = tag.split_once(':')?;
    let role = Role::of_letter(letter)?;
    Some(Author { role: role.wire().into(), id: id.into(), name: None })
}
