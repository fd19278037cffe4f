/** The `bramble` command: finds the subcommand, prints errors of the user in one line, ends the process. */
import { down, reset } from './commands/down.ts';
import { helpText } from './commands/help.ts';
import { runPart } from './commands/part.ts';
import { up } from './commands/up.ts';
import { readOptions, type Options } from './options.ts';
import { UserError } from './user-error.ts';

const commands: Readonly<Record<string, (options: Options) => Promise<void>>> = {
  up,
  server: (options) => runPart('server', options),
  agent: (options) => runPart('agent', options),
  proxy: (options) => runPart('proxy', options),
  down,
  reset,
};

async function main(args: readonly string[]): Promise<void> {
  const [name = 'help', ...rest] = args;
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
  await command(readOptions(rest, process.env));
}

main(process.argv.slice(2)).then(
  () => process.exit(0),
  (error: unknown) => {
    const text = error instanceof UserError ? error.message : error instanceof Error ? error.stack ?? error.message : String(error);
    process.stderr.write(`bramble: ${text}\n`);
    process.exit(1);
  },
);
