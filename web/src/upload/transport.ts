import type { ProblemBody } from '../api/types';

/** What must hold where a file is committed. */
export type Condition =
  /** The name is free. */
  | { readonly ifNoneMatch: '*' }
  /** Exactly that version is there, and is replaced. */
  | { readonly ifMatch: string };

/** Bytes: files up to this size travel in the request that creates their upload. */
export const creationLimit = 1 << 20;

/** One file to be sent. */
export interface Job {
  readonly file: File;
  /** Target, as in Listing. Counts only while there is no url. */
  readonly folder: string;
  readonly name: string;
  readonly condition: Condition;
  /** Of an upload that was begun before: the server is asked how much it has. */
  readonly url: string | undefined;
  /** Bytes of the next request, at most: asked before each. */
  partSize(): number;
}

/** What happens inside a request: how long silence is normal depends on it. */
export type Phase =
  /** The file is read from the disk of this device. */
  | 'reading'
  /** A request without a body waits for its answer. */
  | 'asking'
  /** A body goes out. */
  | 'sending'
  /** A body has been handed over; the answer is missing. */
  | 'sent';

export type Step = 'create' | 'head' | 'patch' | 'read' | 'finish';

export interface Failure {
  readonly step: Step;
  readonly problem: ProblemBody;
  /** The request held the last byte, so that the server may have the whole file. */
  readonly last: boolean;
  /** Seconds that the server asks to wait. */
  readonly retryAfter?: number | undefined;
}

/** What a transport tells. After done, failed or stop() it is silent. */
export interface JobEvents {
  /** The upload has an address now: from here on it can be resumed. */
  located(url: string): void;
  /** last: the request holds the last byte; bytes: of the body that begins to go out. */
  phase(phase: Phase, last: boolean, bytes?: number): void;
  /** So many bytes of the file were handed to the connection, those before included. */
  sent(bytes: number): void;
  /** So many bytes of the file are on the server's disk. */
  acked(bytes: number): void;
  /** The file is there, complete. */
  done(): void;
  failed(failure: Failure): void;
}

/** What a batch tells. After done, failed or stop() it is silent. Places are those of the jobs. */
export interface BatchEvents {
  phase(phase: Phase): void;
  /** So many bytes of the files, one after the other, were handed to the connection. */
  sent(bytes: number): void;
  /** It could not be read here; the others go without it. */
  unreadable(place: number, problem: ProblemBody): void;
  /** Of each: why it was refused; undefined: it is there, complete. */
  done(results: readonly (ProblemBody | undefined)[]): void;
  /** Nothing is known of any of them. */
  failed(failure: Failure): void;
}

/** How bytes get to the server. It tries nothing twice: that is the manager's. */
export interface Transport {
  start(job: Job, events: JobEvents): { stop(): void };
  /** Sends small files in one request, none of which was begun; missing: it cannot. */
  batch?(jobs: readonly Job[], events: BatchEvents): { stop(): void };
  /** Drops what the server has of an upload; failures do not matter, it expires by itself. */
  drop(url: string): void;
}
