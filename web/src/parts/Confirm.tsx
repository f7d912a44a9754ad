import type { ReactNode } from "react";
import { Button, Dialog, DialogTrigger, Heading, Modal, ModalOverlay } from "react-aria-components";

interface Props {
  /** What the button that opens it says. */
  trigger: string;
  title: ReactNode;
  /** What the step does; read only while it is open. */
  children: ReactNode;
  /** What the button says that does it. */
  act: string;
  isWorking: boolean;
  /** Do it, and return whether it is done. */
  onAct: () => Promise<boolean>;
  isDestructive?: boolean;
}

/** A step that is asked about before it is taken. */
export function Confirm({ trigger, title, children, act, isWorking, onAct, isDestructive = true }: Props) {
  return (
    <DialogTrigger>
      <Button className={isDestructive ? "destructive" : ""}>{trigger}</Button>
      <ModalOverlay className="overlay" isDismissable>
        <Modal className="modal">
          <Dialog>
            {({ close }) => (
              <>
                <Heading slot="title">{title}</Heading>
                {children}
                <div className="actions">
                  <Button onPress={close}>Cancel</Button>
                  <Button
                    className={isDestructive ? "destructive" : "primary"} isPending={isWorking}
                    onPress={async () => { if (await onAct()) close(); }}
                  >
                    {act}
                  </Button>
                </div>
              </>
            )}
          </Dialog>
        </Modal>
      </ModalOverlay>
    </DialogTrigger>
  );
}
