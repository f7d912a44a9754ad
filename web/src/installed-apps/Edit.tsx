import { useState, type FormEvent } from "react";
import { Button, Dialog, DialogTrigger, Heading, Modal, ModalOverlay } from "react-aria-components";

import type { EditInstalledAppInput } from "../api/schema.generated";
import { about, besides, useAction } from "../api/useAction";
import { Copy } from "../parts/Copy";
import { Problems } from "../parts/Problems";
import { TextInput } from "../parts/TextInput";
import { EditInstalledAppDocument, type InstalledAppRowFragment } from "./InstalledApps.generated";

/** Edit an installed app: its name, and of what it holds what can be replaced. */
export function Edit({ app }: { app: InstalledAppRowFragment }) {
  return (
    <DialogTrigger>
      <Button>Edit</Button>
      <ModalOverlay className="overlay" isDismissable>
        <Modal className="modal">
          <Dialog>{({ close }) => <Form app={app} close={close} />}</Dialog>
        </Modal>
      </ModalOverlay>
    </DialogTrigger>
  );
}

type Texts = Readonly<Record<string, string>>;

function Form({ app, close }: { app: InstalledAppRowFragment; close: () => void }) {
  const edit = useAction(EditInstalledAppDocument);
  const [texts, setTexts] = useState<Texts>({ name: app.name, clientId: app.clientId ?? "", caCertificates: app.caCertificates ?? "" });
  const fields = fieldsOf(app);
  const save = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (await edit.run({ input: inputOf(app, texts) })) close();
  };
  return (
    <form onSubmit={(event) => void save(event)}>
      <Heading slot="title">Edit the installed app</Heading>
      {app.callbackUrl && <Copy text={app.callbackUrl} what="redirect URI" />}
      {fields.map(({ name, label, help, isSecret, isLong }) => (
        <TextInput
          key={name} label={label} help={help} type={isSecret ? "password" : "text"} isLong={isLong} value={texts[name] ?? ""}
          onChange={(value) => setTexts({ ...texts, [name]: value })} problem={about(edit.problems, name)} isRequired={name === "name"}
        />
      ))}
      <Problems of={besides(edit.problems, fields.map(({ name }) => name))} />
      <div className="actions">
        <Button onPress={close}>Cancel</Button>
        <Button className="primary" type="submit" isPending={edit.isWorking}>Save changes</Button>
      </div>
    </form>
  );
}

interface Field {
  name: string;
  label: string;
  help?: string;
  isSecret?: boolean;
  isLong?: boolean;
}

function fieldsOf({ provider }: InstalledAppRowFragment): readonly Field[] {
  const name: Field = { name: "name", label: "Name" };
  switch (provider.sharing) {
    case "SHARED_CLIENT":
      return [
        name,
        { name: "clientId", label: "Client ID", help: "Another one ends the members' sign-ins." },
        { name: "clientSecret", label: "New client secret", help: "Left empty, it stays.", isSecret: true },
        { name: "caCertificates", label: "Certificates", help: "PEM certificates to trust for this server.", isLong: true },
      ];
    case "SHARED_SECRET":
      return [name, ...provider.secretFields.map((field) => ({ name: field.name, label: `New: ${field.label}`, help: `${field.description} Left empty, all stays.`, isSecret: true }))];
    default:
      return [name];
  }
}

/** Only what is another than before: a secret that is left empty stays. */
function inputOf(app: InstalledAppRowFragment, texts: Texts): EditInstalledAppInput {
  const input: EditInstalledAppInput = { id: app.id, expectedUpdatedAt: app.updatedAt };
  if (texts["name"] !== app.name) input.name = texts["name"];
  if (app.provider.sharing === "SHARED_CLIENT") {
    if (texts["clientId"] !== app.clientId) input.clientId = texts["clientId"];
    if (texts["clientSecret"]) input.clientSecret = texts["clientSecret"];
    if (texts["caCertificates"] !== (app.caCertificates ?? "")) input.caCertificates = texts["caCertificates"] || null;
  }
  const secret = app.provider.secretFields.flatMap(({ name }) => (texts[name] ? [{ name, value: texts[name] }] : []));
  if (secret.length > 0) input.secret = secret;
  return input;
}
