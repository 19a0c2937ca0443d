//! Who acts.

/// Who acts, known from the door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// A customer known from the channel.
    Customer(i64),
    /// An agent with a token, by its subject.
    Agent(String),
    /// A person of the business: an owner who writes from their own number, or a token of the staff.
    Staff(String),
}

/// Subjects of tokens that speak for a person of the business begin with this.
const STAFF: &str = "staff:";

impl Principal {
    /// Who holds a token: its subject is `staff:{who}` for a person of the business, anything else for an agent.
    pub fn of_token(subject: &str) -> Self {
        match subject.strip_prefix(STAFF) {
            Some(who) if !who.is_empty() => Self::Staff(who.to_owned()),
            _ => Self::Agent(subject.to_owned()),
        }
    }

    /// As the audit names it, `customer:12`. Different principals have different names.
    pub fn actor(&self) -> String {
        match self {
            Self::Customer(id) => format!("customer:{id}"),
            Self::Agent(subject) => format!("agent:{subject}"),
            Self::Staff(who) => format!("{STAFF}{who}"),
        }
    }

    /// Whether a person of the business acts: the rules that protect the business from customers do not bind them.
    pub fn is_staff(&self) -> bool {
        matches!(self, Self::Staff(_))
    }

    /// A key of an effect as this principal asked for it; no other principal can make the same one.
    pub fn key(&self, door: &str, own: &str) -> String {
        let actor = self.actor();
        format!("{door}:{}:{actor}:{own}", actor.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_says_whether_a_token_is_of_the_staff() {
        assert_eq!(Principal::of_token("staff:ze"), Principal::Staff("ze".into()));
        for agent in ["agent-1", "staff:", "Staff:ze", "customer:1"] {
            assert_eq!(Principal::of_token(agent), Principal::Agent(agent.into()), "{agent}");
        }
    }

    #[test]
    fn two_principals_never_make_the_same_key() {
        let (a, b) = (Principal::Agent("x".into()), Principal::Agent("x:y".into()));
        assert_ne!(a.key("mcp", "y:1"), b.key("mcp", "1"));
        assert_ne!(Principal::Customer(1).actor(), Principal::Agent("1".into()).actor());
    }
}
