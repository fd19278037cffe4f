/**
 * The program of the sandbox container, made here byte by byte so that no board needs a registry or a compiler for it.
 *
 * It does what Kubernetes' pause does, without a signal handler (so without a stack frame or a restorer):
 *
 *     rt_sigaction(SIGCHLD, { SIG_IGN, SA_NOCLDWAIT })     the kernel reaps every child, also those it inherits as PID 1
 *     rt_sigprocmask(SIG_BLOCK, { SIGINT, SIGTERM })       blocked signals reach PID 1 too: they stay pending
 *     do rt_sigtimedwait({ SIGINT, SIGTERM }, forever) while it fails (EINTR)
 *     exit_group(0)
 *
 * The image is one read-and-execute segment: ELF header, two program headers, code, then the two constants it points to.
 * Sources: System V ABI (ELF), the syscall tables of Linux, the Arm architecture reference manuals (encodings).
 */
export type PauseArchitecture = 'amd64' | 'arm64' | 'arm';

const SIGNAL_SET = (1 << (2 - 1)) | (1 << (15 - 1));
const SIG_IGN = 1;
const SA_NOCLDWAIT = 2;

interface Program {
  machine: number;
  elfFlags: number;
  wordBytes: 4 | 8;
  code: Buffer;
  data: Buffer;
}

/** @returns a complete static ELF executable. */
export function pauseProgram(architecture: PauseArchitecture): Buffer {
  switch (architecture) {
    case 'amd64': return elf(amd64());
    case 'arm64': return elf(arm64());
    case 'arm': return elf(arm());
  }
}

/** Docker's and Node's names of an architecture → ours. */
export function pauseArchitecture(name: string): PauseArchitecture | undefined {
  if (name === 'x86_64' || name === 'x64' || name === 'amd64') return 'amd64';
  if (name === 'aarch64' || name === 'arm64') return 'arm64';
  if (/^arm(v[678]l?|hf)?$/.test(name)) return 'arm';
  return undefined;
}

/** struct sigaction of the kernel { handler, flags, restorer, mask } and, after it, the signal set (8 bytes). */
function constants(wordBytes: 4 | 8): { data: Buffer; setOffset: number } {
  const setOffset = 3 * wordBytes + 8;
  const data = Buffer.alloc(setOffset + 8);
  data.writeUInt32LE(SIG_IGN, 0);
  data.writeUInt32LE(SA_NOCLDWAIT, wordBytes);
  data.writeUInt32LE(SIGNAL_SET, setOffset);
  return { data, setOffset };
}

function amd64(): Program {
  const { data, setOffset } = constants(8);
  const length = 0x50;
  const parts: number[] = [];
  /** `lea REGISTER, [rip + target]`: the displacement counts from the end of the instruction. */
  const lea = (modrm: number, target: number) => {
    const displacement = Buffer.alloc(4);
    displacement.writeInt32LE(target - (parts.length + 7));
    parts.push(0x48, 0x8d, modrm, ...displacement);
  };
  parts.push(0xb8, 13, 0, 0, 0); //         mov eax, 13 (rt_sigaction)
  parts.push(0xbf, 17, 0, 0, 0); //         mov edi, 17 (SIGCHLD)
  lea(0x35, length); //                     lea rsi, [rip + action]
  parts.push(0x31, 0xd2); //                xor edx, edx
  parts.push(0x41, 0xba, 8, 0, 0, 0); //    mov r10d, 8; a syscall leaves it as it is
  parts.push(0x0f, 0x05); //                syscall
  parts.push(0xb8, 14, 0, 0, 0); //         mov eax, 14 (rt_sigprocmask)
  parts.push(0x31, 0xff); //                xor edi, edi (SIG_BLOCK)
  lea(0x35, length + setOffset); //         lea rsi, [rip + set]
  parts.push(0x31, 0xd2); //                xor edx, edx
  parts.push(0x0f, 0x05); //                syscall
  const loop = parts.length;
  parts.push(0xb8, 0x80, 0, 0, 0); //       mov eax, 128 (rt_sigtimedwait)
  lea(0x3d, length + setOffset); //         lea rdi, [rip + set]
  parts.push(0x31, 0xf6); //                xor esi, esi
  parts.push(0x31, 0xd2); //                xor edx, edx
  parts.push(0x0f, 0x05); //                syscall
  parts.push(0x85, 0xc0); //                test eax, eax
  parts.push(0x78, (loop - (parts.length + 2)) & 0xff); // js loop
  parts.push(0xb8, 0xe7, 0, 0, 0); //       mov eax, 231 (exit_group)
  parts.push(0x31, 0xff); //                xor edi, edi
  parts.push(0x0f, 0x05); //                syscall
  while (parts.length < length) parts.push(0x90);
  return { machine: 62, elfFlags: 0, wordBytes: 8, code: Buffer.from(parts), data };
}

function words(code: readonly number[]): Buffer {
  const buffer = Buffer.alloc(code.length * 4);
  code.forEach((word, index) => buffer.writeUInt32LE(word >>> 0, index * 4));
  return buffer;
}

function arm64(): Program {
  const { data, setOffset } = constants(8);
  const length = 24;
  const movz = (register: number, value: number) => 0xd2800000 | (value << 5) | register;
  const code: number[] = [];
  const adr = (register: number, target: number) => {
    const offset = target - code.length * 4;
    code.push(0x10000000 | ((offset & 3) << 29) | ((offset >> 2) << 5) | register);
  };
  const svc = 0xd4000001;
  code.push(movz(8, 134), movz(0, 17)); //  rt_sigaction, SIGCHLD
  adr(1, length * 4);
  code.push(movz(2, 0), movz(3, 8), svc);
  code.push(movz(8, 135), movz(0, 0)); //   rt_sigprocmask, SIG_BLOCK
  adr(1, length * 4 + setOffset);
  code.push(movz(2, 0), movz(3, 8), svc);
  const loop = code.length;
  code.push(movz(8, 137)); //               rt_sigtimedwait
  adr(0, length * 4 + setOffset);
  code.push(movz(1, 0), movz(2, 0), movz(3, 8), svc);
  code.push(0xb7f80000 | (((loop - code.length) & 0x3fff) << 5)); // tbnz x0, #63, loop
  code.push(movz(8, 94), movz(0, 0), svc); // exit_group(0)
  while (code.length < length) code.push(0xd503201f); // nop
  return { machine: 183, elfFlags: 0, wordBytes: 8, code: words(code), data };
}

/** A32 instructions of ARMv4 and later: also the ARMv6 of a Pi Zero runs them. */
function arm(): Program {
  const { data, setOffset } = constants(4);
  const length = 24;
  const mov = (register: number, value: number) => 0xe3a00000 | (register << 12) | value;
  const code: number[] = [];
  /** `add REGISTER, pc, #offset`; pc reads as the address of the instruction plus 8. */
  const adr = (register: number, target: number) => {
    code.push(0xe28f0000 | (register << 12) | (target - (code.length * 4 + 8)));
  };
  const svc = 0xef000000;
  code.push(mov(7, 174), mov(0, 17)); //    rt_sigaction, SIGCHLD
  adr(1, length * 4);
  code.push(mov(2, 0), mov(3, 8), svc);
  code.push(mov(7, 175), mov(0, 0)); //     rt_sigprocmask, SIG_BLOCK
  adr(1, length * 4 + setOffset);
  code.push(mov(2, 0), mov(3, 8), svc);
  const loop = code.length;
  code.push(mov(7, 177)); //                rt_sigtimedwait
  adr(0, length * 4 + setOffset);
  code.push(mov(1, 0), mov(2, 0), mov(3, 8), svc);
  code.push(0xe3500000); //                 cmp r0, #0
  code.push(0xba000000 | ((loop - (code.length + 2)) & 0xffffff)); // blt loop
  code.push(mov(7, 248), mov(0, 0), svc); // exit_group(0)
  while (code.length < length) code.push(0xe1a00000); // nop
  return { machine: 40, elfFlags: 0x05000000, wordBytes: 4, code: words(code), data };
}

/** Wraps code and data into an executable of one loaded segment; the second header says that the stack is not executable. */
function elf(program: Program): Buffer {
  const wide = program.wordBytes === 8;
  const headerBytes = wide ? 64 : 52;
  const programHeaderBytes = wide ? 56 : 32;
  const start = headerBytes + 2 * programHeaderBytes;
  const base = wide ? 0x400000 : 0x10000;
  const size = start + program.code.length + program.data.length;
  const out = Buffer.alloc(size);
  let at = 0;
  const half = (value: number) => { at = out.writeUInt16LE(value, at); };
  const word = (value: number) => { at = out.writeUInt32LE(value, at); };
  const address = (value: number) => { at = wide ? out.writeBigUInt64LE(BigInt(value), at) : out.writeUInt32LE(value, at); };

  Buffer.from([0x7f, 0x45, 0x4c, 0x46, wide ? 2 : 1, 1, 1]).copy(out);
  at = 16;
  half(2); half(program.machine); word(1); // executable, machine, version
  address(base + start); address(headerBytes); address(0); // entry, program headers, section headers
  word(program.elfFlags);
  half(headerBytes); half(programHeaderBytes); half(2);
  half(0); half(0); half(0); // no sections

  const PT_LOAD = 1;
  const PT_GNU_STACK = 0x6474e551;
  const READ_EXECUTE = 5;
  const READ_WRITE = 6;
  const segment = (type: number, flags: number, memory: number, bytes: number, alignment: number) => {
    word(type);
    if (wide) word(flags);
    address(0); address(memory); address(memory); address(bytes); address(bytes);
    if (!wide) word(flags);
    address(alignment);
  };
  segment(PT_LOAD, READ_EXECUTE, base, size, 0x1000);
  segment(PT_GNU_STACK, READ_WRITE, 0, 0, 16);
  program.code.copy(out, start);
  program.data.copy(out, start + program.code.length);
  return out;
}
