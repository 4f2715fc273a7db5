//! What the demo AI says, and in which pieces.

/// An answer in Markdown and in the question's language, which says what it is.
pub(super) fn to(question: &str) -> String {
    let question = question.trim();
    let quoted = question.replace('\n', "\n> ");
    if question.chars().any(is_han) {
        format!(
            "（**演示 AI**：本机的一段脚本，不是真正的模型。）\n\n您说的是：\n\n> {quoted}\n\n\
             接入真正的模型后，这里会是它的回答。您可以试试：\n\n\
             - 回答还没说完时，点「停止」；\n\
             - 刷新页面，或再开一个标签页：看到的内容一样；\n\
             - 说「转人工」，由规则请人来接待。\n\n\
             要换成自己的模型，在站点配置里加一段 `[[ai_providers]]` 即可，不用重启。"
        )
    } else {
        format!(
            "(**Demo AI**: a script on this machine, not a model.)\n\nYou said:\n\n> {quoted}\n\n\
             A real model's answer would stand here. Things to try:\n\n\
             - press *Stop* while this text is still growing;\n\
             - reload the page, or open a second tab: both show the same;\n\
             - ask for a *human*, and a rule calls one.\n\n\
             To use a model of your own, add an `[[ai_providers]]` to the site's configuration; \
             nothing needs a restart."
        )
    }
}

/// The text as a model would send it: a word with the space before it, or two Chinese characters.
pub(super) fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut begin = 0;
    let mut han = 0;
    for (at, char) in text.char_indices() {
        let full = if is_han(char) { han == 2 } else { han > 0 || char.is_whitespace() };
        if full && at > begin {
            pieces.extend(text.get(begin..at));
            (begin, han) = (at, 0);
        }
        han += usize::from(is_han(char));
    }
    pieces.extend(text.get(begin..).filter(|last| !last.is_empty()));
    pieces
}

/// CJK ideographs of the basic block.
fn is_han(char: char) -> bool {
    matches!(char, '\u{4e00}'..='\u{9fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_small_and_lose_nothing() {
        for (text, expected) in [
            ("", vec![]),
            ("one two", vec!["one", " two"]),
            ("退货怎么办？好", vec!["退货", "怎么", "办", "？好"]),
            ("a 退b", vec!["a", " 退", "b"]),
        ] {
            let pieces = pieces(text);
            assert_eq!(pieces.concat(), text);
            assert_eq!(pieces, expected, "{text}");
        }
    }

    #[test]
    fn the_answer_has_the_question_its_language_and_a_label() {
        assert!(to("退货").contains("演示 AI") && to("退货").contains("> 退货"));
        assert!(to("refund?").contains("Demo AI") && to("refund?").contains("> refund?"));
    }
}
