/** Signs as paths in a square of 24; drawn as lines of equal strength. */
export const close = "m6 9 6 6 6-6";
export const cross = "M6 6l12 12M18 6 6 18";
export const menu = "M4.5 11.5h1v1h-1zM11.5 11.5h1v1h-1zM18.5 11.5h1v1h-1z";
export const back = "m15 6-6 6 6 6";
export const send = "M12 19V5m0 0-6 6m6-6 6 6";
export const stop = "M8 8h8v8H8z";
export const attach =
  "M20 11.5 12.2 19.3a5 5 0 0 1-7.1-7.1L13 4.4a3.3 3.3 0 0 1 4.7 4.7l-7.8 7.8a1.7 1.7 0 0 1-2.4-2.4L14.6 7.5";
export const camera = "M4 8h3l1.5-2.5h7L17 8h3v11H4zM12 16.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7z";
export const emoji = "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM8.5 14.5a4.5 4.5 0 0 0 7 0M9 9.5h.01M15 9.5h.01";
export const voice = "M12 15a3 3 0 0 0 3-3V6a3 3 0 0 0-6 0v6a3 3 0 0 0 3 3zM6 11.5a6 6 0 0 0 12 0M12 17.5V21";
export const person = "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM5 20a7 7 0 0 1 14 0";
export const search = "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM20 20l-4-4";
export const save = "M12 4v11m0 0-4-4m4 4 4-4M5 19h14";
export const star = "m12 4 2.5 5.1 5.5.8-4 3.9.95 5.5L12 16.7l-4.95 2.6.95-5.5-4-3.9 5.5-.8z";
export const sound = "M5 10v4h3l4 3.5v-11L8 10zM16 9a4.2 4.2 0 0 1 0 6M18.5 6.5a8 8 0 0 1 0 11";
export const phone = "M8 3h8a1 1 0 0 1 1 1v16a1 1 0 0 1-1 1H8a1 1 0 0 1-1-1V4a1 1 0 0 1 1-1zM11.5 18h1";
export const file = "M7 3h7l4 4v14H7zM14 3v4h4";
export const down = "M12 5v14m0 0-6-6m6 6 6-6";
export const check = "m5 12.5 4.5 4.5L19 7.5";
export const spark = "M12 4l1.8 5.2L19 11l-5.2 1.8L12 18l-1.8-5.2L5 11l5.2-1.8zM19 17v3M17.5 18.5h3";
