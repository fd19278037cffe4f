/** What the control plane is started with: compiled values, checked where flags, variables and the config file are read. */
export interface ServerOptions {
  /** Everything it keeps is below this: server/ (database, keys, boards), boards/, kubeconfig. */
  dataDir: string;
  /** Bramble's own version, `0.1.0`. */
  version: string;
  apiPort: number;
  /** Where the API server and the managed nats-server listen. Default: all addresses. */
  bindAddress?: string;
  /** Where pods and boards reach the API server. Default: the address of the interface with the default route. */
  advertiseAddress?: string | undefined;
  /** Of the managed nats-server. */
  natsPort: number;
  /** `tls://host:port` of a nats-server that somebody else runs, with a certificate of this cluster's authority. */
  natsUrl?: string | undefined;
  clusterCIDR: string;
  serviceCIDR: string;
  /** `cluster.local` */
  clusterDomain: string;
  /** Node name of the board on this machine: gets its credentials at <dataDir>/boards/<name>/credentials.json. */
  boardName?: string | undefined;
  nodePortRange?: { from: number; to: number };
  /** Kinds that are encrypted on the disk: `secrets`, `widgets.example.com`. Default: secrets. */
  encryptResources?: readonly string[];
  /** Default: <dataDir>/server/pki/encryption-keys.json. */
  encryptionKeyFile?: string | undefined;
  /** audit.k8s.io/v1 Policy. Default: nothing is written down. */
  auditPolicyFile?: string | undefined;
  /** Default: <dataDir>/log/audit.log. */
  auditLogPath?: string | undefined;
  /** Megabytes of one file of the audit log. Default 100. */
  auditLogMaxSize?: number | undefined;
  /** Full files of it that are kept. Default 10. */
  auditLogMaxBackup?: number | undefined;
  /** An OpenID Connect provider whose users are users here. */
  oidcIssuerUrl?: string | undefined;
  oidcClientId?: string | undefined;
  oidcUsernameClaim?: string | undefined;
  oidcGroupsClaim?: string | undefined;
  /** Default: the issuer and `#`, unless the claim is `email`; `-` is none. */
  oidcUsernamePrefix?: string | undefined;
  oidcGroupsPrefix?: string | undefined;
  /** PEM of the provider's authority. Default: those that Node knows. */
  oidcCaFile?: string | undefined;
  /** Default: `nats-server` of the PATH. */
  natsServerBinary?: string;
}
