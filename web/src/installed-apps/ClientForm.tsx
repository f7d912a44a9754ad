import { useState, type FormEvent } from "react";
import { Button } from "react-aria-components";
import { useQuery } from "urql";

import { about, besides } from "../api/useAction";
import { Copy } from "../parts/Copy";
import { Problems } from "../parts/Problems";
import { TextInput } from "../parts/TextInput";
import { useSettled } from "../parts/useSettled";
import { CallbackUrlDocument } from "./AddInstalledApp.generated";
import type { FormProps } from "./form";

const FIELDS = ["name", "url", "clientId", "clientSecret", "caCertificates"];

/** The team's OAuth client at its own server: registered there first, with the redirect URI that stands here. */
export function ClientForm({ provider, save, isWorking, problems }: FormProps) {
  const [name, setName] = useState("");
  const [url, setUrl] = useState("");
  const [clientId, setClientId] = useState("");
  const [clientSecret, setClientSecret] = useState("");
  const [certificates, setCertificates] = useState("");
  const [isTried, setTried] = useState(false);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (isAddress(url)) void save({ client: { provider: provider.key, url, clientId, clientSecret, caCertificates: certificates || null } }, name);
  };
  return (
    <form onSubmit={submit}>
      <TextInput label="Name" value={name} onChange={setName} problem={about(problems, "name")} isRequired help="For people to know it by." />
      <TextInput
        label="Address" type="url" value={url} onChange={setUrl} isRequired
        problem={isTried && !isAddress(url) ? "This is no address: type one that begins with https:// or http://." : about(problems, "url")}
        help="The server's base address, such as https://git.example.com."
      />
      <RedirectUri provider={provider} address={url} />
      <TextInput label="Client ID" value={clientId} onChange={setClientId} problem={about(problems, "clientId")} isRequired />
      <TextInput label="Client secret" type="password" value={clientSecret} onChange={setClientSecret} problem={about(problems, "clientSecret")} isRequired />
      <TextInput
        label="Certificates" value={certificates} onChange={setCertificates} problem={about(problems, "caCertificates")} isLong
        help="PEM certificates to trust for this server, where its own is not from a public authority."
      />
      <Problems of={besides(problems, FIELDS)} />
      <Button className="primary" type="submit" isPending={isWorking}>Add installed app</Button>
    </form>
  );
}

function RedirectUri({ provider, address }: { provider: FormProps["provider"]; address: string }) {
  const settled = useSettled(address);
  const [{ data }] = useQuery({ query: CallbackUrlDocument, variables: { key: provider.key, address: settled }, pause: !isAddress(settled) });
  const uri = isAddress(settled) ? data?.provider?.callbackUrl : undefined;
  return (
    <div className="notice" role="status">
      {uri ? (
        <>
          <p>
            Register an OAuth application at {provider.name} with this redirect URI. It then shows the client ID and the secret.
            {provider.helpUrl && <> <a href={provider.helpUrl} target="_blank" rel="noreferrer">How to register it</a></>}
          </p>
          <Copy text={uri} what="redirect URI" />
        </>
      ) : (
        <p>Type the address first: the redirect URI to register there is made from it.</p>
      )}
    </div>
  );
}

const isAddress = (text: string): boolean => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
