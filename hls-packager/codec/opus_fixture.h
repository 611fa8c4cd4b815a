// PES payloads of Opus that libopus wrote from ffmpeg's sine test source, the stream's descriptors, and the dOps box
// that ffmpeg's mp4 muxer made of the same stream.
#pragma once

#include <string_view>

namespace fanlight::packager {

inline constexpr std::string_view kOpus2 =
    "7ff04a01387881a75d6c7e40e600000a3f644cfde7b45933264f56f15dbdc8a3ee57a565cb7563ae7dbef27d9e7c6c7232420d1fbcd53719"
    "a897a71830f205bd757d24b4c81e3926d5a1aa751ed0037fe034789f6701e7ff835ef2a89d2873924f4e55e028c7c11c82d4ede790ab8e22"
    "a5c17dcf1e2e44b0425fc7e39477ff9d50a6a0e61e987fe036789ab29253aa484a0442bc1899c261f37dddcfc2f43658e8dd11ea3bc75686"
    "665f594f7731b1a6862a72ae8019c25417929ca56826127fe03d789ab291b41cbf525110355a001a8cd9c3acbbab7979a5d47a9deba167c7"
    "5c6bd486393ccb341cc17d88416d63127134a58e7da4143aad3deeeab43e227fe035789ab2df759cfc459e73985ff6e599b86d5c866731cd"
    "5f9b71daf515294989125d5791b4a24abf7925834c7a026a53aeb3c23b7594";

inline constexpr std::string_view kOpus2Descriptors = "05044f7075737f028002";

inline constexpr std::string_view kOpus2Record = "000200000000bb80000000";

inline constexpr std::string_view kOpus6 =
    "7ff027013848070be4c136ecc58048070be4c136ecc580080c839c02d01cfdea49fe013fc0080be63b23ab607fe032480807c97227e144ea"
    "50480807c97227e144ea500816a8cd1d8a982e5f6f05cc43bee4216727a11abd0e24980808acb30ec67fe028480707c979c8c957c0480707"
    "c979c8c957c0080ea27770e45dfbdc527eba4c40153a0808acb30ec67fe02a480707c979c8c957c0480707c979c8c957c00810a295203deb"
    "71b02e5ce75f7fe07b05bc0808acb30ec67fe027480707c979c8c957c0480707c979c8c957c0080da281307732aa5c4f92bd9960c00808ac"
    "b30ec6";

inline constexpr std::string_view kOpus6Descriptors = "05044f7075737f028006";

inline constexpr std::string_view kOpus6Record = "000600000000bb800000010402000401020305";

inline constexpr std::string_view kOpus40 =
    "7ff02d013810c1711a22a2ac4945206bfb9b1d7be0991da62834fdadf4f08a3b17745092050618886ac329d031086db2947a7fe02310cebc"
    "2ec6bcc0e4110748f9cd35abfd1d8286c96751f9ccc58df18c7cd312bf6d7b68";

inline constexpr std::string_view kOpus40Descriptors = "05044f7075737f028001";

inline constexpr std::string_view kOpus40Record = "000100000000bb80000000";

}  // namespace fanlight::packager
