// Responses that later ones go on from, and their items.
import type { MessageInput } from '../../index';
import { Kept } from '../kept';
import type { Item } from './response-request';

/** An item that others can name. */
export type KeptItem = Item & { readonly id: string };

/** What is kept of a response. */
export interface Stored {
  /** As it was given. */
  readonly response: { readonly id: string; readonly output: readonly KeptItem[] };
  /** The conversation behind it. */
  readonly messages: readonly MessageInput[];
  readonly input: readonly KeptItem[];
  readonly owner: string;
}

const itemsOf = ({ input, response }: Stored): readonly KeptItem[] => [...input, ...response.output];
const placeOf = (item: string, owner: string): string => `${owner} ${item}`;

/** The last few responses. */
export class ResponseStore extends Kept<Stored> {
  readonly #items = new Map<string, string>(); // which response they are of

  override put(id: string, of: Stored): void {
    for (const item of itemsOf(of)) this.#items.set(placeOf(item.id, of.owner), id);
    super.put(id, of);
  }

  /** An item of a response that is kept. */
  item(id: string, owner: string): KeptItem | undefined {
    const found = this.get(this.#items.get(placeOf(id, owner)) ?? '', owner);
    return found && itemsOf(found).find((item) => item.id === id);
  }

  override delete(id: string): Stored | undefined {
    const of = super.delete(id);
    for (const item of of ? itemsOf(of) : []) {
      const place = placeOf(item.id, of?.owner ?? '');
      if (this.#items.get(place) === id) this.#items.delete(place);
    }
    return of;
  }
}
