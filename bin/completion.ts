// Completion scripts for bash, zsh and fish, made of the catalog: the shells need not start the program to complete a word.
import type { Command, Flag } from './catalog';
import { llamaCpp } from './llama-cpp';

export type Shell = 'bash' | 'zsh' | 'fish';

/** How a name is typed. */
const typed = (name: string): string => (name.length === 1 || llamaCpp.shorts.has(name) ? `-${name}` : `--${name}`);

const shown = (command: Command): Flag[] => command.flags.filter((f) => !f.hidden);
const names = (command: Command): string[] => [command.name, ...command.aliases];
const words = (flag: Flag): string[] => [flag.name, ...flag.aliases].map(typed);

/** Commands with those below them. */
const all = (command: Command): Command[] => command.commands.flatMap((c) => [c, ...all(c)]);

/** In single quotes, for bash and zsh. */
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** In single quotes, where a backslash still means something. */
const quotedForFish = (text: string): string => `'${text.replace(/['\\]/g, '\\$&')}'`;

function bash(program: Command): string {
  const below = (command: Command): string => command.commands.map((c) => c.name).join(' ');
  const cases = [program, ...all(program)].map((c) => {
    const flags = shown(c).flatMap(words).join(' ');
    return `    ${quoted(c.path)}) commands=${quoted(below(c))} flags=${quoted(flags)} ;;`;
  });
  const values = [program, ...all(program)].flatMap((c) =>
    shown(c)
      .filter((f) => f.takesValue)
      .map((f) => {
        const patterns = words(f).map((w) => quoted(`${c.path}:${w}`));
        return `    ${patterns.join('|')}) value=1 choices=${quoted(f.choices.join(' '))} ;;`;
      }),
  );
  const steps = all(program).map((c) => {
    const above = c.path.slice(0, -c.name.length).trimEnd();
    return `      ${names(c)
      .map((n) => quoted(`${above} ${n}`))
      .join('|')}) command=${quoted(c.path)} ;;`;
  });
  return `# bash completion for llama-ts: source it, or put it into ~/.local/share/bash-completion/completions/llama-ts
_llama_ts() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} command='' commands flags value='' choices='' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$command \${COMP_WORDS[i]}" in
${steps.join('\n')}
      *) break ;;
    esac
  done
  case "$command" in
${cases.join('\n')}
  esac
  case "$command:$before" in
${values.join('\n')}
  esac
  if [ -n "$choices" ]; then
    COMPREPLY=($(compgen -W "$choices" -- "$word"))
  elif [ -z "$value" ] && [[ $word == -* ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$word"))
  elif [ -z "$value" ] && [ -n "$commands" ]; then
    COMPREPLY=($(compgen -W "$commands" -- "$word"))
  else
    local IFS=$'\\n'
    COMPREPLY=($(compgen -f -- "$word"))
    compopt -o filenames 2>/dev/null
  fi
}
complete -F _llama_ts llama-ts
`;
}

/** For zsh's _arguments: name, what it is, what follows. */
function zshFlag(flag: Flag): string[] {
  const describe = flag.describe.replace(/[[\]:\\]/g, '\\$&');
  const value = !flag.takesValue ? '' : flag.choices.length > 0 ? `:value:(${flag.choices.join(' ')})` : ':value:_files';
  return words(flag).map((w) => quoted(`*${w}[${describe}]${value}`));
}

function zsh(program: Command): string {
  const name = (c: Command): string => `_llama_ts${c.path === '' ? '' : `_${c.path.replace(/[ -]/g, '_')}`}`;
  const group = (c: Command): string => {
    const items = c.commands.map((each) => quoted(`${each.name}:${each.describe.replaceAll(':', '\\:')}`)).join(' ');
    const calls = c.commands.map((each) => `      ${names(each).join('|')}) ${name(each)} ;;`).join('\n');
    return `${name(c)}() {
  local -a commands
  commands=(${items})
  local line state
  _arguments -C ${shown(c).flatMap(zshFlag).join(' ')} '1: :->command' '*:: :->rest'
  case $state in
    command) _describe command commands ;;
    rest) case $line[1] in
${calls}
    esac ;;
  esac
}`;
  };
  const leaf = (c: Command): string => `${name(c)}() {\n  _arguments ${shown(c).flatMap(zshFlag).join(' ')} '*:file:_files'\n}`;
  const functions = [...all(program), program].map((c) => (c.commands.length > 0 ? group(c) : leaf(c)));
  return `#compdef llama-ts
# zsh completion for llama-ts: put it into a folder of $fpath as _llama-ts, or source it behind compinit
${functions.join('\n')}
if [ "$funcstack[1]" = _llama-ts ]; then _llama_ts "$@"; else compdef _llama_ts llama-ts; fi
`;
}

function fishFlag(flag: Flag): string {
  const names = [flag.name, ...flag.aliases].map((n) => (n.length === 1 ? `-s ${n}` : llamaCpp.shorts.has(n) ? `-o ${n}` : `-l ${n}`));
  const value = !flag.takesValue ? '' : flag.choices.length > 0 ? ` -x -a ${quotedForFish(flag.choices.join(' '))}` : ' -r';
  return `${names.join(' ')}${value} -d ${quotedForFish(flag.describe)}`;
}

/** A command and those above it. */
const above = (program: Command, command: Command): Command[] => all(program).filter((c) => `${command.path} `.startsWith(`${c.path} `));

function fish(program: Command): string {
  const lines = [program, ...all(program)].flatMap((c) => {
    const among = (known: readonly Command[]): string => `__fish_seen_subcommand_from ${known.flatMap(names).join(' ')}`;
    const inside = above(program, c).map((command) => among([command]));
    const none = c.commands.length > 0 ? [`not ${among(c.commands)}`] : [];
    const here = c === program ? ['__fish_use_subcommand'] : [...inside, ...none];
    const condition = `-n ${quotedForFish(here.join('; and '))}`;
    return [
      ...c.commands.map((each) => `complete -c llama-ts ${condition} -f -a ${each.name} -d ${quotedForFish(each.describe)}`),
      ...shown(c).map((flag) => `complete -c llama-ts ${condition} ${fishFlag(flag)}`),
    ];
  });
  return `# fish completion for llama-ts: put it into ~/.config/fish/completions/llama-ts.fish, or source it\n${lines.join('\n')}\n`;
}

export function completionScript(program: Command, shell: Shell): string {
  return { bash, zsh, fish }[shell](program);
}
