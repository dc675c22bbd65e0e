import { ChevronRight, Ellipsis, House, type LucideIcon } from 'lucide-react';
import type { Tree } from '../actions/types';
import { text } from '../lib/text';
import { useApp } from './app-context';
import styles from './breadcrumbs.module.css';
import { Menu, MenuItem } from './menu';
import { narrow, useMedia } from './use-media';

interface Crumb {
  readonly name: string;
  readonly path: string;
}

interface BreadcrumbsProps {
  tree: Tree;
  path: string;
  /** What is at the top, if that is not the files of now. */
  top?: string | undefined;
  icon?: LucideIcon;
}

/** The folders from the top down to this one; those in the middle fold into a menu. */
export function Breadcrumbs({ tree, path, top: topName, icon: Icon = House }: BreadcrumbsProps) {
  const app = useApp();
  const small = useMedia(narrow);
  const parts = path === '' ? [] : path.split('/');
  const crumbs: Crumb[] = parts.map((name, i) => ({ name, path: parts.slice(0, i + 1).join('/') }));
  const last = crumbs.pop();
  // On a phone all above fold into the menu, the top too: the name gets the room.
  const top: Crumb = { name: topName ?? text.files.top, path: '' };
  const onlyLast = small && crumbs.length > 0;
  const folded = onlyLast
    ? [top, ...crumbs.splice(0)]
    : crumbs.length > 3
      ? crumbs.splice(0, crumbs.length - 2)
      : [];
  const href = (to: string) => app.href(tree.route(to));

  return (
    <nav aria-label={text.files.breadcrumbs} className={styles.crumbs}>
      <ol>
        {!onlyLast && (
          <li className={topName === undefined ? styles.first : styles.named}>
            {last ? (
              <a href={href('')}>
                <Icon aria-hidden="true" />
                <span>
                  <bdi>{top.name}</bdi>
                </span>
              </a>
            ) : (
              <h1 aria-current="page">
                <bdi>{top.name}</bdi>
              </h1>
            )}
          </li>
        )}
        {folded.length > 0 && (
          <li className={styles.folded}>
            {!onlyLast && <ChevronRight aria-hidden="true" />}
            <Menu
              trigger={
                <button type="button" aria-label={text.files.between} className={styles.more}>
                  <Ellipsis aria-hidden="true" />
                </button>
              }
            >
              {folded.map((crumb) => (
                <MenuItem key={crumb.path} href={href(crumb.path)}>
                  <bdi>{crumb.name}</bdi>
                </MenuItem>
              ))}
            </Menu>
          </li>
        )}
        {crumbs.map((crumb) => (
          <li key={crumb.path}>
            <ChevronRight aria-hidden="true" />
            <a href={href(crumb.path)}>
              <bdi>{crumb.name}</bdi>
            </a>
          </li>
        ))}
        {last && (
          <li className={styles.last}>
            <ChevronRight aria-hidden="true" />
            <h1 aria-current="page" title={last.name}>
              <bdi>{last.name}</bdi>
            </h1>
          </li>
        )}
      </ol>
    </nav>
  );
}
