import { X } from 'lucide-react';
import { Dialog } from 'radix-ui';
import { type ReactNode, useState } from 'react';
import { text } from '../lib/text';
import { IconButton } from './button';
import { focusHome } from './focus-home';
import styles from './modal.module.css';

interface ModalProps {
  title: ReactNode;
  description?: ReactNode;
  children: ReactNode;
  /** Escape, the cross, a press outside. Without it the question must be answered. */
  onClose?: (() => void) | undefined;
  wide?: boolean;
}

/**
 * A dialog over the page. The veil is ours: Radix's brings a scroll lock that writes a
 * <style> element, which the Content-Security-Policy refuses.
 */
export function Modal({ title, description, children, onClose, wide = false }: ModalProps) {
  const [before] = useState(() => document.activeElement);
  const without = description ? {} : { 'aria-describedby': undefined };
  return (
    <Dialog.Root open onOpenChange={(open) => !open && onClose?.()}>
      <Dialog.Portal>
        <div className={styles.veil}>
          <Dialog.Content
            className={`${styles.modal} ${wide ? styles.wide : ''}`}
            {...(onClose ? {} : { role: 'alertdialog' })}
            {...without}
            aria-modal="true"
            onOpenAutoFocus={(event) => {
              event.preventDefault();
              firstStop(event.currentTarget as HTMLElement).focus();
            }}
            onCloseAutoFocus={(event) => {
              event.preventDefault();
              focusHome(before);
            }}
          >
            <header className={styles.head}>
              <Dialog.Title className={styles.title}>{title}</Dialog.Title>
              {onClose && <IconButton label={text.dialogs.close} icon={X} onClick={onClose} />}
            </header>
            {description && (
              <Dialog.Description className={styles.description}>{description}</Dialog.Description>
            )}
            {children}
          </Dialog.Content>
        </div>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

/**
 * Where the focus begins: a field, else what is marked, else the dialog itself, so that it is
 * read out and Enter does nothing yet. Never the cross, which would show its tip at once.
 */
function firstStop(dialog: HTMLElement): HTMLElement {
  return dialog.querySelector<HTMLElement>('input:not([type="hidden"]), [data-first]') ?? dialog;
}

/** The answers of a dialog, at its foot; the one that goes on comes last. */
export function Answers({ children }: { children: ReactNode }) {
  return <div className={styles.answers}>{children}</div>;
}
