import { createContext, useContext } from 'react';
import type { App } from '../actions/types';

export const AppContext = createContext<App | undefined>(undefined);

/** Everything below the view. Only inside the AppContext. */
export function useApp(): App {
  const app = useContext(AppContext);
  if (!app) throw new Error('useApp outside of AppContext');
  return app;
}
