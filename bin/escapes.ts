// -e: \n and the like in texts of the command line, as llama.cpp reads them.

const plain: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', "'": "'", '"': '"', '\\': '\\' };

/** \n, \r, \t, \', \", \\ and \xHH (bytes of UTF-8); a backslash before anything else stays. */
export function readEscapes(text: string, flag: string): string {
  return text.replace(/((?:\\x[0-9a-f]{2})+)|\\([nrt'"\\])/gi, (whole, bytes: string | undefined, letter: string | undefined) => {
    if (letter !== undefined) return plain[letter] ?? whole;
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from((bytes ?? '').replaceAll(/\\x/gi, ''), 'hex'));
    } catch {
      throw new Error(`${flag}: with -e, expected bytes of UTF-8, found ${bytes}`);
    }
  });
}
