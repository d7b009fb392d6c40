// Conversations in the browser's database.
import { conversationFrom } from '../data/transfer';
import { settled } from '../data/tree';
import type { Conversation } from '../data/types';

const [name, store] = ['llama-ts', 'conversations'];

let opened: Promise<IDBDatabase> | undefined;

const done = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

function open(): Promise<IDBDatabase> {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(store, { keyPath: 'id' });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error('blocked'));
  });
  return opened;
}

async function within<T>(mode: IDBTransactionMode, work: (of: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const database = await open();
  return done(work(database.transaction(store, mode).objectStore(store)));
}

/** All conversations. */
export async function all(): Promise<readonly Conversation[]> {
  const found = await within('readonly', (of) => of.getAll() as IDBRequest<unknown[]>);
  return found.map(conversationFrom).filter((each) => each !== undefined);
}

export const put = (conversation: Conversation): Promise<unknown> => within('readwrite', (of) => of.put(settled(conversation)));

export const remove = (id: string): Promise<unknown> => within('readwrite', (of) => of.delete(id));
