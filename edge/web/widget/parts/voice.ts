/** Voice messages: recorded here, sent as a file. */
import { h, icon, iconButton, write } from "../chat/dom";
import * as icons from "../chat/icons";
import type { Kit } from "../chat/kit";
import { style } from "./shared/style";
import css from "./voice.css";

/** The longest recording, in seconds. */
const LONGEST = 120;
/** Whether a recording is under way. */
let busy = false;

/** Records until the visitor sends it, or throws it away. */
export async function record(kit: Kit, tray: HTMLElement): Promise<void> {
  if (busy) return;
  busy = true;
  try {
    const stream = await microphone();
    if (!stream) return kit.notice(kit.say("noMicrophone"));
    const sound = await recorded(stream, kit, tray);
    if (!sound) return;
    const uploads = await kit.part<typeof import("./uploads")>("uploads");
    await uploads.send(kit, [sound], tray);
  } finally {
    busy = false;
  }
}

async function microphone(): Promise<MediaStream | undefined> {
  try {
    return await navigator.mediaDevices.getUserMedia({ audio: true });
  } catch {
    return undefined;
  }
}

/** The recording as a file; nothing when it was thrown away. */
function recorded(stream: MediaStream, kit: Kit, tray: HTMLElement): Promise<File | undefined> {
  style(kit.root, css);
  const recorder = new MediaRecorder(stream);
  const pieces: Blob[] = [];
  let wanted = true;
  const stop = (keep: boolean) => {
    wanted = keep;
    recorder.stop();
  };
  const started = Date.now();
  const time = h("span", { class: "time", role: "timer" });
  const send = iconButton(icons.send, kit.say("sendVoice"), () => stop(true), "go");
  const bar = h(
    "div",
    "recording",
    icon(icons.voice),
    time,
    iconButton(icons.cross, kit.say("cancelVoice"), () => stop(false)),
    send,
  );
  const timer = setInterval(tick, 250);
  function tick(): void {
    const seconds = Math.floor((Date.now() - started) / 1_000);
    write(
      time,
      kit.say("record", { time: `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}` }),
    );
    if (seconds >= LONGEST) stop(true);
  }
  tick();
  tray.append(bar);
  send.focus();
  recorder.ondataavailable = ({ data }) => pieces.push(data);
  recorder.start();
  return new Promise((resolve) => {
    recorder.onstop = () => {
      clearInterval(timer);
      bar.remove();
      for (const track of stream.getTracks()) track.stop();
      const type = recorder.mimeType.split(";")[0] || "audio/webm";
      const kind = type.split("/")[1] ?? "webm";
      resolve(wanted ? new File(pieces, `voice-${started}.${kind}`, { type }) : undefined);
    };
  });
}
