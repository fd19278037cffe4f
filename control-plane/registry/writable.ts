/** The published types mark what the server owns as read-only. Here is the server: this takes the mark off, one level deep. */
export type Writable<T> = { -readonly [Field in keyof T]: T[Field] };
