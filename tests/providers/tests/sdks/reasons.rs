//! Why an SDK reads something else than our adapter.

/// Case, SDK, what differs (`text`, `outcome`, `usage`, `code`), and why.
pub(crate) const REASONS: &[(&str, &str, &str, &str)] = &[
    ("fastgpt/detail_flow_responses_after_done", NPM, "usage", AFTER_DONE),
    ("fastgpt/detail_flow_responses_after_done", PYPI, "usage", AFTER_DONE),
    ("fastgpt/http200_error_first", PYPI, "outcome", NAMED_ERROR),
    ("fastgpt/http200_error_first", PYPI, "code", NAMED_ERROR),
    ("fastgpt/midstream_error_detail_false", PYPI, "outcome", NAMED_ERROR),
    ("openai/comments_crlf_multiline", PYPI, "text", EMPTY_FRAME),
    ("openai/comments_crlf_multiline", PYPI, "outcome", EMPTY_FRAME),
    ("openai/comments_crlf_multiline", PYPI, "code", EMPTY_FRAME),
    ("openai/midstream_error_object", PYPI, "code", ONLY_CODE),
    ("openai/truncated_no_done", NPM, "outcome", BROKEN),
    ("openai/truncated_no_done", NPM, "code", BROKEN),
    ("openai/truncated_no_done", PYPI, "outcome", BROKEN),
    ("openai/truncated_no_done", PYPI, "code", BROKEN),
    ("workersai/http429_capacity", NPM, "code", OTHER_ENVELOPE),
    ("workersai/http429_capacity", PYPI, "code", OTHER_ENVELOPE),
    ("workersai/multibyte_every_byte", NPM, "text", NATIVE),
    ("workersai/multibyte_every_byte", PYPI, "text", NATIVE),
    ("workersai/native_response", NPM, "text", NATIVE),
    ("workersai/native_response", PYPI, "text", NATIVE),
];

const NPM: &str = "openai (npm)";
const PYPI: &str = "openai (PyPI)";

const AFTER_DONE: &str =
    "It stops reading at `[DONE]`; FastGPT tells tokens and citations after it.";
const NAMED_ERROR: &str = "FastGPT tells an error by the name of the event alone; this SDK looks at the \
                           data, finds no `error` in it and calls the answer whole.";
const EMPTY_FRAME: &str = "It makes a frame of an `id` and a comment without data, and cannot parse \
                           it; the standard says to send nothing on.";
const ONLY_CODE: &str = "It takes `code` alone, which is null here; we take `type` then.";
const BROKEN: &str = "The connection broke: an error of the line for it, while we say that the \
                      provider broke off and keep what came.";
const OTHER_ENVELOPE: &str =
    "Cloudflare's envelope has a list `errors`; it knows `error` only, and goes by the status.";
const NATIVE: &str = "Workers AI's own form has `response` and no `choices`; the SDK is for its other \
                      form, under `/v1`.";
