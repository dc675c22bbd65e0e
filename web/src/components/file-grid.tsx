import type { Tree } from '../actions/types';
import { text } from '../lib/text';
import { useApp } from './app-context';
import { FileHead } from './file-head';
import { FileRow } from './file-row';
import type { MenuItems } from './grid-menu';
import { ListGrid } from './list-grid';
import { openEntry } from './open-entry';
import { narrow, useMedia } from './use-media';
import { useObservable } from './use-observable';

interface FileGridProps {
  tree: Tree;
  /** Path of the folder row that a drop would go into. */
  dropping?: string | undefined;
}

const menu: MenuItems = {
  ofRows: ['open', 'download', 'versions', 'as-it-was', 'line', 'rename', 'move', 'line', 'delete'],
  ofSpace: ['new-folder', 'upload-files', 'upload-folder', 'line', 'select-all', 'refresh'],
};

const menuOfPast: MenuItems = {
  ofRows: ['open', 'download', 'line', 'bring-back'],
  ofSpace: ['bring-back', 'line', 'select-all', 'refresh'],
};

/** The list of a folder. */
export function FileGrid({ tree, dropping }: FileGridProps) {
  const app = useApp();
  const { rows, path, refreshing } = useObservable(tree.folder);
  const small = useMedia(narrow);
  return (
    <ListGrid
      label={text.files.grid(path.split('/').pop() || text.files.top)}
      rows={rows}
      selection={tree.selection}
      menu={tree.past ? menuOfPast : menu}
      head={<FileHead tree={tree} />}
      height={small ? 3.75 : 2.75}
      busy={refreshing}
      which={path}
      onOpen={(entry) => openEntry(app, tree, entry)}
      row={(entry, place) => {
        const rowPath = path ? `${path}/${entry.name}` : entry.name;
        return (
          <FileRow
            key={entry.id}
            tree={tree}
            entry={entry}
            path={rowPath}
            {...place}
            dropping={dropping === rowPath}
          />
        );
      }}
    />
  );
}
