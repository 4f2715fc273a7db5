import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { createRegistry, fromBinary, fromJson, toBinary, toJson, type JsonValue } from "@bufbuild/protobuf";
import { file_kefu_v1_api } from "../gen/kefu/v1/api_pb";
import { file_kefu_v1_envelope } from "../gen/kefu/v1/envelope_pb";
import { file_kefu_v1_frame } from "../gen/kefu/v1/frame_pb";

/** One message in both encodings; Rust and TypeScript read the same files. */
interface Golden {
  type: string;
  json: JsonValue;
  binary: string;
}

const folder = "proto/golden";
const registry = createRegistry(file_kefu_v1_api, file_kefu_v1_envelope, file_kefu_v1_frame);
const files = readdirSync(folder).filter((name) => name.endsWith(".json"));

test("there are golden frames", () => assert.ok(files.length > 0));

for (const name of files) {
  test(`${name} reads the same in both encodings`, () => {
    const golden = JSON.parse(readFileSync(`${folder}/${name}`, "utf8")) as Golden;
    const schema = registry.getMessage(golden.type);
    assert.ok(schema, `${golden.type} is not a type of kefu.v1`);
    const binary = Buffer.from(golden.binary, "hex");
    const json = toJson(schema, fromBinary(schema, binary), { alwaysEmitImplicit: true });
    assert.deepEqual(json, golden.json);
    const again = toBinary(schema, fromJson(schema, golden.json));
    assert.equal(Buffer.from(again).toString("hex"), golden.binary.toLowerCase());
  });
}
