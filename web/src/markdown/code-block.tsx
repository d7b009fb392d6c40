import { CopyButton } from '../ui/copy-button';
import { piecesOf } from './highlight';

/** Code, with a button that copies it. */
export function CodeBlock({ language, text }: { readonly language: string; readonly text: string }) {
  return (
    <div class="code">
      <div class="code-head">
        <span>{language}</span>
        <CopyButton text={text} label="copyCode" />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls sideways is reached by the keyboard */}
      <pre tabIndex={0}>
        <code>
          {piecesOf(text, language).map(({ kind, text: piece }, i) =>
            kind === '' ? (
              piece
            ) : (
              <span key={i} class={`code-${kind}`}>
                {piece}
              </span>
            ),
          )}
        </code>
      </pre>
    </div>
  );
}
