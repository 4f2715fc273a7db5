//! What is not numbered: read marks, which are registers, and typing, which is only relayed.

use super::{Audience, Conversation, From, Reply, Step, Write};
use crate::who::Role;
use kefu_proto::v1::{ReadMark, Typing, TypingNotice, server_frame::Frame};

/// The longest preview that is relayed, in characters.
const PREVIEW_MOST: usize = 500;

impl Conversation {
    /// The higher seq wins; a mark past the log's end counts as its end.
    pub(super) fn read(&mut self, from: &From, seq: u32, step: &mut Step) -> Reply {
        let seq = seq.min(self.seq);
        let tag = from.who.tag();
        if seq <= self.marks.get(&tag).copied().unwrap_or(0) {
            return Reply::Done;
        }
        self.marks.insert(tag.clone(), seq);
        step.write(Write::Mark { who: tag, seq });
        let mark = ReadMark { author: Some(from.who.author()), seq };
        step.send(but(from), Frame::Read(mark));
        Reply::Done
    }

    /// The other side learns that somebody writes; agents also see what.
    pub(super) fn typing(&mut self, from: &From, typing: Typing, step: &mut Step) -> Reply {
        let author = Some(from.who.author());
        let notice = TypingNotice { author: author.clone(), preview: None };
        match from.who.role {
            Role::Visitor => {
                let preview = typing.preview.map(|text| text.chars().take(PREVIEW_MOST).collect());
                step.send(Audience::Agents, Frame::Typing(TypingNotice { author, preview }));
            }
            Role::Agent | Role::Bot | Role::System => step.send(but(from), Frame::Typing(notice)),
        }
        Reply::Done
    }
}

fn but(from: &From) -> Audience {
    from.conn.map_or(Audience::All, Audience::AllBut)
}
