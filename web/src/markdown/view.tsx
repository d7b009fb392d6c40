// What a model says, drawn: of nodes that are made here, never of markup.
import { h } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

import { lazyFormula } from './lazy-formula';
import { memo } from '../ui/memo';
import { CodeBlock } from './code-block';
import { read, type Align, type Block, type Inline, type Item, type Part } from './read';

function Inner({ of }: { readonly of: readonly Inline[] }) {
  return (
    <>
      {of.map((each, i) => (
        <One key={i} of={each} />
      ))}
    </>
  );
}

function One({ of }: { readonly of: Inline }) {
  switch (of.type) {
    case 'text':
      return <>{of.text}</>;
    case 'code':
      return <code>{of.text}</code>;
    case 'strong':
      return (
        <strong>
          <Inner of={of.inner} />
        </strong>
      );
    case 'emphasis':
      return (
        <em>
          <Inner of={of.inner} />
        </em>
      );
    case 'deleted':
      return (
        <del>
          <Inner of={of.inner} />
        </del>
      );
    case 'link':
      return (
        <a href={of.address} target="_blank" rel="noopener noreferrer">
          <Inner of={of.inner} />
        </a>
      );
    case 'formula':
      return lazyFormula(of.text, of.display);
    case 'break':
      return <br />;
  }
}

function Entry({ of: { done, inner } }: { readonly of: Item }) {
  return (
    <li class={done === undefined ? undefined : 'task'}>
      {done !== undefined && (
        <span class="check" role="img" aria-label={done ? '☑' : '☐'}>
          {done ? '☑' : '☐'}
        </span>
      )}
      <Blocks of={inner} />
    </li>
  );
}

const side = (align: Align): string | undefined => (align ? `to-${align}` : undefined);

function Table({ of: { align, head, rows } }: { readonly of: Extract<Block, { type: 'table' }> }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls sideways is reached by the keyboard
    <section class="table" tabIndex={0} aria-label={head.map((_, i) => i + 1).join(' ')}>
      <table>
        <thead>
          <tr>
            {head.map((cell, i) => (
              <th key={i} scope="col" class={side(align[i])}>
                <Inner of={cell} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((cells, r) => (
            <tr key={r}>
              {cells.map((cell, i) => (
                <td key={i} class={side(align[i])}>
                  <Inner of={cell} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Heading({ of: { depth, level, inner } }: { readonly of: Extract<Block, { type: 'heading' }> }) {
  return h(`h${level}`, { class: `heading heading-${depth}` }, <Inner of={inner} />);
}

const Drawn = memo(({ of }: { readonly of: Block }) => {
  switch (of.type) {
    case 'paragraph':
      return (
        <p>
          <Inner of={of.inner} />
        </p>
      );
    case 'tight':
      return <Inner of={of.inner} />;
    case 'heading':
      return <Heading of={of} />;
    case 'code':
      return <CodeBlock language={of.language} text={of.text} />;
    case 'quote':
      return (
        <blockquote>
          <Blocks of={of.inner} />
        </blockquote>
      );
    case 'list': {
      const items = of.items.map((item, i) => <Entry key={i} of={item} />);
      return of.start === undefined ? <ul>{items}</ul> : <ol start={of.start}>{items}</ol>;
    }
    case 'table':
      return <Table of={of} />;
    case 'formula':
      return (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls sideways is reached by the keyboard
        <div class="formula" tabIndex={0}>
          {lazyFormula(of.text, true)}
        </div>
      );
    case 'rule':
      return <hr />;
    case 'plain':
      return <p class="plain">{of.text}</p>;
  }
});

function Blocks({ of }: { readonly of: readonly Block[] }) {
  return (
    <>
      {of.map((block, i) => (
        <Drawn key={i} of={block} />
      ))}
    </>
  );
}

// While an answer grows, only its last block is another: the others are kept as they were read.
const kept = new Map<string, Block>();
const mostKept = 2000;

function settledBlock(raw: string, block: Block): Block {
  if (block.type === 'heading') return block; // its level depends on what is before it
  const known = kept.get(raw);
  if (known) return known;
  if (kept.size >= mostKept) kept.clear();
  kept.set(raw, block);
  return block;
}

const share = 4; // reading takes a part of the time that is this small

/** The parts of a text that grows. One that takes long to read is read more seldom. */
function useParts(text: string): readonly Part[] {
  const last = useRef<{ text: string; parts: readonly Part[]; until: number } | undefined>(undefined);
  const [, draw] = useState(0);
  const now = performance.now();
  const wait = last.current && last.current.text !== text ? last.current.until - now : 0;
  if (last.current === undefined || (last.current.text !== text && wait <= 0)) {
    const parts = read(text);
    const after = performance.now();
    last.current = { text, parts, until: after + (after - now) * share };
  }
  useEffect(() => {
    if (wait <= 0) return undefined;
    const timer = setTimeout(() => draw((count) => count + 1), wait);
    return () => clearTimeout(timer);
  }, [text]);
  return last.current.parts;
}

/** A text in Markdown. */
export const Markdown = memo(({ text }: { readonly text: string }) => {
  const parts = useParts(text);
  return (
    <div class="markdown">
      {parts.map(({ raw, block }, i) => (
        <Drawn key={i} of={i < parts.length - 1 ? settledBlock(raw, block) : block} />
      ))}
    </div>
  );
});
