/** The `bramble` command: finds the subcommand, prints errors of the user in one line, ends the process. */
import { down, reset } from './commands/down.ts';
import { helpText } from './commands/help.ts';
import { runPart } from './commands/part.ts';
import { rotateSecrets } from './commands/secrets.ts';
import { up } from './commands/up.ts';
import { readLastOptions } from './last-options.ts';
import { readOptions, type Options } from './options.ts';
import { UserError } from './user-error.ts';

const commands: Readonly<Record<string, (options: Options) => Promise<void>>> = {
  up,
  server: (options) => runPart('server', options),
  agent: (options) => runPart('agent', options),
  proxy: (options) => runPart('proxy', options),
  down,
  reset,
  'secrets rotate': rotateSecrets,
};

/** Something nobody expected, anywhere: what runs on after it is in no known state, so the process ends; a supervisor starts it again. */
function endOnUnexpectedErrors(): void {
  const end = (error: unknown): never => {
    process.stderr.write(`bramble: unexpected error: ${describe(error)}${frameOf(error)}\n`);
    process.exit(1);
  };
  process.on('uncaughtException', end);
  process.on('unhandledRejection', end);
  // The reader of the output may end first (`bramble up | head`, a supervisor that is killed): that ends nothing else.
  for (const output of [process.stdout, process.stderr]) output.on('error', () => undefined);
}

/** Errors with a name of our own say what is wrong and what to do; for any other the place is shown too. */
function explain(error: unknown): string {
  const builtIn = ['Error', 'TypeError', 'RangeError', 'ReferenceError', 'SyntaxError', 'AggregateError'];
  if (error instanceof Error && !builtIn.includes(error.name)) return error.message.replace(/\s*\n\s*/g, '; ');
  return `${describe(error)}${frameOf(error)}`;
}

function frameOf(error: unknown): string {
  const frame = error instanceof Error ? error.stack?.split('\n').find((line) => line.trimStart().startsWith('at '))?.trim() : undefined;
  return frame === undefined ? '' : ` (${frame})`;
}

/** One line: messages of libraries may have several. */
function describe(error: unknown): string {
  return (error instanceof Error ? `${error.name}: ${error.message}` : String(error)).replace(/\s*\n\s*/g, '; ');
}

async function main(args: readonly string[]): Promise<void> {
  const [first = 'help', ...others] = args;
  // The one command of two words.
  const [name, rest] = first === 'secrets' && others[0] !== undefined && !others[0].startsWith('-') ? [`secrets ${others[0]}`, others.slice(1)] : [first, others];
  if (['help', '--help', '-h'].includes(name) || rest.includes('--help') || rest.includes('-h')) {
    process.stdout.write(helpText());
    return;
  }
  if (['version', '--version', '-v'].includes(name)) {
    process.stdout.write(`${process.env.BRAMBLE_VERSION ?? '0.0.0'}\n`);
    return;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) throw new UserError(`unknown command '${name}'; run 'bramble help' for the commands`);
  // Whoever takes a cluster down need not repeat how it was started.
  await command(readOptions(rest, process.env, name === 'down' || name === 'reset' ? readLastOptions : undefined));
}

endOnUnexpectedErrors();
main(process.argv.slice(2)).then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`bramble: ${explain(error)}\n`);
    process.exit(1);
  },
);
