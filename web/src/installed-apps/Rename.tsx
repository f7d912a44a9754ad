import { useState, type FormEvent } from "react";
import { Button, Dialog, DialogTrigger, Heading, Modal, ModalOverlay } from "react-aria-components";

import { about, besides, useAction } from "../api/useAction";
import { Problems } from "../parts/Problems";
import { TextInput } from "../parts/TextInput";
import { RenameInstalledAppDocument, type InstalledAppRowFragment } from "./InstalledApps.generated";

/** Give an installed app another name. */
export function Rename({ app }: { app: InstalledAppRowFragment }) {
  const [name, setName] = useState(app.name);
  const rename = useAction(RenameInstalledAppDocument);
  return (
    <DialogTrigger onOpenChange={() => { setName(app.name); rename.forget(); }}>
      <Button>Rename</Button>
      <ModalOverlay className="overlay" isDismissable>
        <Modal className="modal">
          <Dialog>
            {({ close }) => {
              const save = async (event: FormEvent) => {
                event.preventDefault();
                if (await rename.run({ id: app.id, name })) close();
              };
              return (
                <form onSubmit={(event) => void save(event)}>
                  <Heading slot="title">Rename the installed app</Heading>
                  <TextInput label="Name" value={name} onChange={setName} problem={about(rename.problems, "name")} isRequired />
                  <Problems of={besides(rename.problems, ["name"])} />
                  <div className="actions">
                    <Button onPress={close}>Cancel</Button>
                    <Button className="primary" type="submit" isPending={rename.isWorking}>Save changes</Button>
                  </div>
                </form>
              );
            }}
          </Dialog>
        </Modal>
      </ModalOverlay>
    </DialogTrigger>
  );
}
