/**
 * NATS subjects, version 1 of the wire contract between the control plane and a board. `<board>` is the Node's name.
 *
 * | subject                              | direction        | what                                             |
 * |--------------------------------------|------------------|--------------------------------------------------|
 * | bramble.v1.board.<board>.register    | board → server   | request: RegisterRequest → RegisterReply          |
 * | bramble.v1.board.<board>.heartbeat   | board → server   | publish: Heartbeat, every 10 s                    |
 * | bramble.v1.board.<board>.status      | board → server   | request: StatusReport → StatusReply               |
 * | bramble.v1.board.<board>.sync        | board → server   | publish: SyncRequest, asks for a full state        |
 * | bramble.v1.board.<board>.desired     | server → board   | publish: StateMessage, pods and what they need    |
 * | bramble.v1.board.<board>.stream      | server → board   | request: StreamRequest → StreamReply              |
 * | bramble.v1.board.<board>.s.<id>.in   | server → board   | frames of one stream                              |
 * | bramble.v1.board.<board>.s.<id>.out  | board → server   | frames of one stream                              |
 * | bramble.v1.network                   | server → boards  | publish: StateMessage, Services and EndpointSlices|
 * | bramble.v1.board.<board>.network     | server → board   | publish: StateMessage, answer to a network sync   |
 * | bramble.v1.board.<board>.network-sync| board → server   | publish: SyncRequest of the board's proxy         |
 *
 * A board's credentials allow publishing to the board → server subjects of its own name and subscribing to the
 * server → board ones; nothing else. Names are DNS-1123 subdomains: their dots become `_` here (no node name has one).
 */
const root = 'bramble.v1';

function boardToken(board: string): string {
  return board.replaceAll('.', '_');
}

export interface BoardSubjects {
  register: string;
  heartbeat: string;
  status: string;
  sync: string;
  desired: string;
  stream: string;
  network: string;
  networkSync: string;
  streamIn(id: string): string;
  streamOut(id: string): string;
}

export function boardSubjects(board: string): BoardSubjects {
  const prefix = `${root}.board.${boardToken(board)}`;
  return {
    register: `${prefix}.register`,
    heartbeat: `${prefix}.heartbeat`,
    status: `${prefix}.status`,
    sync: `${prefix}.sync`,
    desired: `${prefix}.desired`,
    stream: `${prefix}.stream`,
    network: `${prefix}.network`,
    networkSync: `${prefix}.network-sync`,
    streamIn: (id) => `${prefix}.s.${id}.in`,
    streamOut: (id) => `${prefix}.s.${id}.out`,
  };
}

export const networkSubject = `${root}.network`;

/** What the server subscribes to, for all boards. The token at index 3 is the board's. */
export const serverSubjects = {
  register: `${root}.board.*.register`,
  heartbeat: `${root}.board.*.heartbeat`,
  status: `${root}.board.*.status`,
  sync: `${root}.board.*.sync`,
  networkSync: `${root}.board.*.network-sync`,
} as const;

/** The board a subject belongs to. */
export function boardOfSubject(subject: string): string {
  return (subject.split('.')[3] ?? '').replaceAll('_', '.');
}

/** Prefix of a board's reply inboxes, so that no board can read another's replies. */
export function inboxPrefix(board: string): string {
  return `_INBOX_${boardToken(board)}`;
}

/** Permissions of a board's NATS user. */
export function boardPermissions(board: string): { publish: string[]; subscribe: string[] } {
  const subjects = boardSubjects(board);
  return {
    publish: [subjects.register, subjects.heartbeat, subjects.status, subjects.sync, subjects.networkSync, subjects.streamOut('*'), '_INBOX.>'],
    subscribe: [subjects.desired, subjects.stream, subjects.network, subjects.streamIn('*'), networkSubject, `${inboxPrefix(board)}.>`],
  };
}
