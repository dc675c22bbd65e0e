import type { ProblemBody } from '../api/types';
import { joinPath } from '../lib/path';
import type { Condition } from './transport';
import type { ItemState } from './types';

/** One file in the manager. What the view sees of it changes by the ledger alone. */
export interface Item {
  readonly id: number;
  readonly size: number;
  /** undefined: the browser could not read it. */
  readonly file: File | undefined;
  /** The folder that was dropped into; those below it are made. */
  readonly base: string;

  // By the ledger:
  name: string;
  folder: string;
  acked: number;
  sent: number;
  state: ItemState;
  problem: ProblemBody | undefined;
  place: number;

  /** It is known where it goes and on which condition; only then it can be sent. */
  planned: boolean;
  condition: Condition;
  /** Stands in the queue. */
  queued: boolean;
  /** Taken off the list: what still comes of it is nobody's. */
  gone: boolean;

  /** Of the upload on the server. */
  url: string | undefined;
  /** Another page or device began it: it is not ours to drop. */
  adopted: boolean;
  /** The server may have bytes of it that are not this file's. */
  doubtful: boolean;
  /** Bytes that the server has and that are this file's. */
  proven: number;
  /** The path that the upload was created for. */
  begunAs: string;
  /** Target or condition are no longer those of the upload: it is finished by name. */
  moved: boolean;
  /** All bytes are there, but the commit was refused. */
  complete: boolean;
  /** An answer that may have said 'done' was lost. */
  maybeStored: boolean;
  /** Where the server said it is, to see progress: acked never falls, this does. */
  at: number;
  /** Tries since the last progress. */
  attempts: number;
  /** The token was made anew since the last progress. */
  renewed: boolean;
}

let nextId = 1;

export function createItem(of: {
  file: File | undefined;
  base: string;
  folder: string;
  name: string;
}): Item {
  return {
    id: nextId++,
    size: of.file?.size ?? 0,
    file: of.file,
    base: of.base,
    name: of.name,
    folder: of.folder,
    acked: 0,
    sent: 0,
    state: 'waiting',
    problem: undefined,
    place: -1,
    planned: false,
    condition: { ifNoneMatch: '*' },
    queued: false,
    gone: false,
    url: undefined,
    adopted: false,
    doubtful: false,
    proven: 0,
    begunAs: '',
    moved: false,
    complete: false,
    maybeStored: false,
    at: 0,
    attempts: 0,
    renewed: false,
  };
}

/** The id of an upload on the server: the last part of its address. */
export function idOf(url: string): string {
  return url.slice(url.lastIndexOf('/') + 1);
}

export function targetOf(item: Item): string {
  return joinPath(item.folder, item.name);
}

/** A path as it is compared: the server stores names in one form of Unicode, devices do not. */
export function keyOf(path: string): string {
  return path.normalize('NFC');
}

/** Whether another try can help. What changed on this device can only be picked anew. */
export function canRetry(item: Item): boolean {
  return item.state === 'failed' && item.file !== undefined && item.problem?.code !== 'changed';
}

/** Gives it another target or condition. What the server has of it is kept. */
export function aim(item: Item, condition: Condition): void {
  item.condition = condition;
  item.moved = item.url !== undefined;
}

/** The server has nothing of it any more: it begins anew. */
export function beginAnew(item: Item): void {
  item.url = undefined;
  item.adopted = false;
  item.doubtful = false;
  item.proven = 0;
  item.moved = false;
  item.complete = false;
  item.at = 0;
}

/** Waiting, sending, retrying or paused. */
export function isOpen(state: ItemState): boolean {
  return state === 'waiting' || state === 'sending' || state === 'retrying' || state === 'paused';
}
