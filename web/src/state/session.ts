import type { Client } from '../api/client';
import { isPassing, Problem, problemOf } from '../api/problem';
import type { ProblemBody, Session } from '../api/types';
import { backoff } from '../lib/backoff';
import type { Clock } from '../lib/clock';
import type { Observable } from '../lib/observable';
import { createStore } from '../lib/store';
import type { SessionState } from './types';

/** Who is signed in, and how that came about. */
export interface SessionModel extends Observable<SessionState> {
  /** Asks the server, again and again until it answers. */
  start(): void;
  /** Asks at once if the server was unreachable, or the session had ended here. */
  wake(): void;
  /** Asks for the session now; another person's is entered. Fails with a Problem. */
  renew(): Promise<void>;
  /** Asks for the usage, quietly. */
  refresh(): Promise<void>;
  /** To be called when any request was answered 401. */
  expired(): void;
  signIn(name: string, password: string): Promise<ProblemBody | undefined>;
  setUp(token: string, name: string, password: string): Promise<ProblemBody | undefined>;
  signOut(everywhere: boolean): Promise<void>;
}

export interface SessionOptions {
  readonly client: Client;
  readonly clock: Clock;
  /** Set if the page was opened by the set-up link. */
  readonly setUpToken?: string | undefined;
  /** Another person than before has the page: nothing of the former may stay. */
  onLeave(): void;
  /** A session is there: first, again, or a new one. */
  onEnter(session: Session): void;
}

export function createSession(options: SessionOptions): SessionModel {
  const { client, clock } = options;
  const store = createStore<SessionState>(
    options.setUpToken === undefined
      ? { kind: 'loading' }
      : { kind: 'setup', token: options.setUpToken },
  );
  let attempt = 0;
  let cancelWait = () => {};

  function enter(session: Session): void {
    cancelWait();
    const before = store.get();
    if (before.kind === 'signed-in' && before.session.user.name !== session.user.name) {
      options.onLeave();
    }
    store.set({ kind: 'signed-in', session, expired: false });
    options.onEnter(session);
  }

  function leave(): void {
    cancelWait();
    const before = store.get().kind;
    store.set({ kind: 'signed-out' });
    if (before === 'signed-in') options.onLeave();
  }

  async function ask(): Promise<void> {
    cancelWait();
    try {
      const session = await client.session();
      const kind = store.get().kind;
      if (kind === 'loading' || kind === 'unreachable') enter(session);
    } catch (error) {
      const kind = store.get().kind;
      if (kind !== 'loading' && kind !== 'unreachable') return; // signed in by the form meanwhile
      if (error instanceof Problem && error.status === 401) return leave();
      store.set({ kind: 'unreachable' });
      cancelWait = clock.after(backoff(attempt++, { first: 1000, most: 10_000 }), () => {
        void ask();
      });
    }
  }

  async function renew(): Promise<void> {
    const before = store.get();
    const session = await client.session();
    if (before.kind !== 'signed-in' || store.get() !== before) return; // left meanwhile
    if (before.expired || before.session.user.name !== session.user.name) return enter(session);
    store.set({ kind: 'signed-in', session, expired: false });
  }

  return {
    get: store.get,
    subscribe: store.subscribe,
    start() {
      if (store.get().kind === 'loading') void ask();
    },
    wake() {
      const now = store.get();
      attempt = 0;
      if (now.kind === 'unreachable') void ask();
      // Another tab may have signed in again meanwhile.
      if (now.kind === 'signed-in' && now.expired) renew().catch(() => {});
    },
    renew,
    async refresh() {
      const before = store.get();
      // A failure: the figures grow old; a 401 has its own way, through expired().
      if (before.kind === 'signed-in' && !before.expired) await renew().catch(() => {});
    },
    expired() {
      const now = store.get();
      if (now.kind === 'signed-in' && !now.expired) store.set({ ...now, expired: true });
    },
    async signIn(name, password) {
      try {
        enter(await client.signIn(name, password));
        return undefined;
      } catch (error) {
        return problemOf(error);
      }
    },
    async setUp(token, name, password) {
      try {
        enter(await client.setUp({ token, name, password }));
        return undefined;
      } catch (error) {
        return problemOf(error);
      }
    },
    async signOut(everywhere) {
      try {
        await client.signOut(everywhere);
      } catch (error) {
        // Signed out already, or the server is away: then the cookie stays valid, and
        // saying 'signed out' would be a lie.
        if (error instanceof Problem && isPassing(error.body)) throw error;
      }
      leave();
    },
  };
}
