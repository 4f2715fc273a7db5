use super::super::errand::{Errand, Next};
use super::super::request;
use super::super::tests::{ask, provider};
use super::super::tokens::Tokens;
use super::*;
use crate::time::{Millis, Tick};
use serde_json::json;

const TICK: Tick = Tick { now: Millis(1_764_000_000_000), entropy: 10 };
const KINDS: [ProviderKind; 5] = [
    ProviderKind::Coze,
    ProviderKind::FastGpt,
    ProviderKind::Dify,
    ProviderKind::OpenAi,
    ProviderKind::WorkersAi,
];

fn stored(mime: &str, name: &str, bytes: &[u8]) -> Loaded {
    let size = u32::try_from(bytes.len()).unwrap();
    Some((UploadHead { mime: mime.into(), name: name.into(), size }, bytes.to_vec()))
}

/// What is sent for a question with these files, given how the provider answers uploads; and the
/// uploads.
fn sent(kind: ProviderKind, files: &[Loaded], answer: &Value) -> (Value, Vec<RequestParts>) {
    let provider = provider(kind);
    let ids: Vec<String> = (0..files.len()).map(|n| format!("id{n}")).collect();
    let asked = request(&Ask { files: &ids, ..ask(&provider) }).unwrap();
    let (mut errand, mut tokens) = (Errand::new(asked), Tokens::new());
    let mut uploads = Vec::new();
    loop {
        match errand.next(&mut tokens, TICK) {
            Next::Load(id) => {
                let number: usize = id.trim_start_matches("id").parse().unwrap();
                errand.loaded(files[number].clone());
            }
            Next::Ask(upload) => {
                let head = ResponseHead { status: 201, ..ResponseHead::default() };
                let answer = answer.to_string().into_bytes();
                errand.answered(&mut tokens, TICK.now, Ok((head, answer))).unwrap();
                uploads.push(upload);
            }
            Next::Send(parts) => return (serde_json::from_slice(&parts.body).unwrap(), uploads),
            Next::Sign { .. } | Next::Wait(_) | Next::Fail(_) => panic!("nobody signs in"),
        }
    }
}

#[test]
fn pictures_stand_beside_the_words_of_the_question() {
    let files = [stored("image/png", "a.png", b"abc"), stored("application/pdf", "b.pdf", b"%PDF")];
    for kind in [ProviderKind::OpenAi, ProviderKind::FastGpt] {
        let (body, uploads) = sent(kind, &files, &Value::Null);
        assert_eq!(uploads, []);
        let last = body["messages"].as_array().unwrap().last().unwrap();
        let expected = json!([
            {"type": "text", "text": "退货怎么办"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,YWJj"}},
        ]);
        assert_eq!(last["content"], expected, "the PDF stays words");
    }
}

#[test]
fn coze_is_given_files_first_and_then_their_ids() {
    let files = [stored("image/png", "a.png", b"abc"), stored("video/mp4", "b.mp4", b"ftyp")];
    let answer = json!({"code": 0, "data": {"id": "7368", "file_name": "x"}});
    let (body, uploads) = sent(ProviderKind::Coze, &files, &answer);
    assert!(uploads.iter().all(|upload| upload.url == "https://h/v1/files/upload"));
    let last = body["additional_messages"].as_array().unwrap().last().unwrap();
    assert_eq!(last["content_type"], "object_string");
    let content: Value = serde_json::from_str(last["content"].as_str().unwrap()).unwrap();
    let expected = json!([
        {"type": "text", "text": "退货怎么办"},
        {"type": "image", "file_id": "7368"},
        {"type": "file", "file_id": "7368"},
    ]);
    assert_eq!(content, expected);
}

#[test]
fn dify_is_given_files_first_and_then_their_ids() {
    let files = [stored("image/png", "a.png", b"abc"), stored("application/pdf", "b.pdf", b"%PDF")];
    let (body, uploads) = sent(ProviderKind::Dify, &files, &json!({"id": "u-1", "name": "x"}));
    assert_eq!(uploads[0].url, "https://h/v1/files/upload");
    let expected = json!([
        {"type": "image", "transfer_method": "local_file", "upload_file_id": "u-1"},
        {"type": "document", "transfer_method": "local_file", "upload_file_id": "u-1"},
    ]);
    assert_eq!((&body["files"], &body["query"]), (&expected, &json!("退货怎么办")));
}

#[test]
fn an_upload_is_a_form_with_the_user_and_the_key() {
    let files = [stored("image/png", "猫\".png", b"\x00\xff")];
    let (_, uploads) = sent(ProviderKind::Dify, &files, &Value::Null);
    let RequestParts { headers, body, .. } = &uploads[0];
    assert_eq!(
        headers,
        &[
            ("authorization", "Bearer sk-1".to_owned()),
            ("content-type", "multipart/form-data; boundary=id0".to_owned()),
        ]
    );
    let expected = [
        "--id0\r\ncontent-disposition: form-data; name=\"user\"\r\n\r\nv1\r\n".as_bytes(),
        "--id0\r\ncontent-disposition: form-data; name=\"file\"; filename=\"猫%22.png\"\r\n"
            .as_bytes(),
        b"content-type: image/png\r\n\r\n\x00\xff\r\n--id0--\r\n",
    ];
    assert_eq!(body, &expected.concat());
}

#[test]
fn what_is_gone_refused_or_too_much_stays_words() {
    let none = || sent(ProviderKind::OpenAi, &[], &Value::Null).0;
    assert_eq!(sent(ProviderKind::OpenAi, &[None], &Value::Null).0, none());
    let (body, _) =
        sent(ProviderKind::Dify, &[stored("image/png", "a", b"a")], &json!({"code": "x"}));
    assert_eq!(body.get("files"), None);
    let large = || stored("image/png", "a.png", &vec![0; INLINE_MOST / 2]);
    let (body, _) = sent(ProviderKind::OpenAi, &[large(), large(), large()], &Value::Null);
    assert_eq!(body["messages"][0]["content"].as_array().unwrap().len(), 3, "text and two");
    let small = || stored("image/png", "a.png", b"a");
    let many: Vec<_> = (0..=FILES_MOST).map(|_| small()).collect();
    let (body, _) = sent(ProviderKind::OpenAi, &many, &Value::Null);
    assert_eq!(body["messages"][0]["content"].as_array().unwrap().len(), 1 + FILES_MOST);
}

#[test]
fn who_refused_files_is_asked_without_them() {
    let ids = ["id0".to_owned()];
    for kind in KINDS {
        let provider = provider(kind);
        let all = Ask { files: &ids, ..ask(&provider) };
        let takes = request(&all).unwrap().files.is_some();
        assert_eq!(takes, kind != ProviderKind::WorkersAi, "{kind:?}");
        let without = Ask { remedy: Some(Remedy::WithoutFiles), ..all };
        assert!(request(&without).unwrap().files.is_none());
    }
}
