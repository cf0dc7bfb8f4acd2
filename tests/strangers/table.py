"""The inputs: how each is made, and what is right.

Without a mark, right is: an output in every container, with the frames and times of ffmpeg's own decode, and all else as it
is in the input. A mark that no longer applies fails its input, so that it is taken away.
"""

from edits import (
    begun_late,
    broken_off,
    chapter_list,
    empty,
    joined,
    stamped_on_key_frames,
    subtitles,
    text,
    two_pieces,
    with_a_hole,
)
from entry import Accepted, Edit, Known, Mark, Refused, Stranger

ALL = ".mkv .mov .mp4"

# 60 pictures in five GOPs. Long enough to be cut into jobs, short enough that one input takes seconds.
CLIP = "-f lavfi -i testsrc2=s=160x120:r=25:d=2.4"
TONE = "-f lavfi -i sine=d=2.4"
H264 = "-c:v libx264 -preset veryfast -x264-params keyint=12:min-keyint=12:scenecut=0:bframes=3:b-adapt=0"
OPEN = f"{H264}:open-gop=1"
PLAIN = "-c:v libx264 -preset veryfast -g 12 -bf 0"
HEVC = "-c:v libx265 -preset ultrafast -x265-params log-level=none:keyint=12:min-keyint=12:bframes=3:b-adapt=0"
MPEG2 = "-c:v mpeg2video -g 12 -bf 2 -q:v 5"
MPEG4 = "-c:v mpeg4 -g 12 -bf 2 -q:v 5"
VP8 = "-c:v libvpx -deadline good -cpu-used 5 -auto-alt-ref 1 -lag-in-frames 16 -arnr-maxframes 7 -g 30 -b:v 200k"
VP9 = "-c:v libvpx-vp9 -deadline good -cpu-used 5 -auto-alt-ref 1 -lag-in-frames 16 -g 30 -b:v 200k"
AV1 = "-c:v libaom-av1 -cpu-used 8 -lag-in-frames 16 -g 20 -b:v 200k"
AAC = "-c:a aac"
SUBTITLES = Edit(subtitles, to="s.srt")
CHAPTERS = Edit(chapter_list, to="c.txt")

DAMAGED = "damaged or incomplete"
MP2_IN_MP4 = Accepted(".mp4", "codec mp2, in the output mp3", "MP4 has one number for the layers 2 and 3")
NO_PCM_IN_MP4 = Refused(".mp4", 4, "mp4 cannot carry stream 1 (pcm_")
NO_OPUS_IN_MOV = Refused(".mov", 4, "mov cannot carry stream 1 (opus audio); use .mkv")
NO_FLAC_IN_MP4 = Refused(".mov .mp4", 4, "cannot carry stream 1 (flac audio); use .mkv")
NO_RGB_IN_H264 = Refused(".mp4", 2, "use --codec ffv1 with a .mkv output")
NO_COMMENT_IN_MOV = Accepted(".mov", "audio 1: disposition .*comment", "QuickTime has no such flag")
WMA_IN_MOV = Known(".mov", "audio 0: codec wmav2, in the output None", "a track that nobody can name is written")
MOVTEXT_IN_MKV = Known(".mkv", "exit 4: .*mov_text", "refused, not converted")
BREAK_IN_MPG = Known(ALL, "the message lacks .*the frame is damaged", "it does not say that the file breaks off")
FULL_RANGE_IN_MOV = Known(".mov", "video: full range True, in the output False", "the mark is lost, silently")
TURNED_IN_MKV = Known(".mkv", "video: turned by 90 degrees, in the output by 0", "lies on its side, silently")
NO_ALPHA = Known(ALL, "exit 2: .*alpha channel", "refused, though nothing in it is transparent")
GERMAN_IN_MOV = Known(".mov", "audio 1: language deu, in the output und", "QuickTime calls it ger; it is lost, silently")


def line(name: str, *steps: str | Edit, file: str = "", marks: tuple[Mark, ...] = (), sample: bool = False) -> Stranger:
    return Stranger(name, file or name, steps, marks, sample)


def refused(name: str, *steps: str | Edit, code: int, phrase: str, sample: bool = False) -> Stranger:
    return line(name, *steps, marks=(Refused(ALL, code, phrase),), sample=sample)


CODECS_AND_CONTAINERS = [
    line("h264_closed.mp4", f"{CLIP} {TONE} {H264} {AAC}", sample=True),
    line("h264_open.mp4", f"{CLIP} {TONE} {OPEN} {AAC}"),
    line("h264_open.mov", f"{CLIP} {TONE} {OPEN} {AAC}"),
    line("h264_open.mkv", f"{CLIP} {TONE} {OPEN} {AAC}"),
    line("h264_open.ts", f"{CLIP} {TONE} {OPEN} {AAC}", sample=True),
    line("h264_open.flv", f"{CLIP} {TONE} {OPEN} {AAC}"),
    line("h264_open.nut", f"{CLIP} {TONE} {OPEN} {AAC}"),
    # ffmpeg too shows six pictures at one time: a program stream has room for one stamp a packet, and some are lost.
    line("h264_open.mpg", f"{CLIP} {TONE} {OPEN} -c:a mp2", marks=(Refused(ALL, 3, "do not go on"),)),
    line("h264_bframes.avi", f"{CLIP} {TONE} {H264} -c:a mp3", sample=True),
    line("h264_plain.avi", f"{CLIP} {TONE} {PLAIN} -c:a mp3"),
    line("h264_plain.mpg", f"{CLIP} {TONE} {PLAIN} -c:a mp2", marks=(MP2_IN_MP4,)),
    line("h264_raw.h264", f"{CLIP} {OPEN}"),
    line("h264_one_key.mp4", f"{CLIP} {TONE} -c:v libx264 -preset veryfast -bf 3 -g 1000 -sc_threshold 0 {AAC}"),
    line(
        "h264_intra_refresh.mp4",
        f"{CLIP} -c:v libx264 -preset veryfast -x264-params intra-refresh=1:keyint=12:bframes=0",
    ),
    line("h264_fields.ts", f"{CLIP} {H264}:tff=1 -flags +ildct+ilme"),
    line("h264_444.mp4", f"{CLIP} {H264} -pix_fmt yuv444p"),
    line("hevc_open.mp4", f"{CLIP} {TONE} {HEVC}:open-gop=1 {AAC}"),
    line("hevc_closed.mkv", f"{CLIP} {TONE} {HEVC}:open-gop=0 {AAC}"),
    line("hevc_open.ts", f"{CLIP} {TONE} {HEVC}:open-gop=1 {AAC}"),
    line("hevc_raw.hevc", f"{CLIP} {HEVC}:open-gop=1"),
    line("mpeg2.mpg", f"{CLIP} {TONE} {MPEG2} -c:a mp2", marks=(MP2_IN_MP4,), sample=True),
    line("mpeg2.ts", f"{CLIP} {TONE} {MPEG2} -c:a mp2", marks=(MP2_IN_MP4,)),
    line("mpeg2.mkv", f"{CLIP} {TONE} {MPEG2} -c:a ac3"),
    line("mpeg2.mxf", f"{CLIP} {TONE} {MPEG2} -c:a pcm_s16le -ar 48000", marks=(NO_PCM_IN_MP4,)),
    line("mpeg2_raw.m2v", f"{CLIP} {MPEG2}"),
    line("mpeg4.mp4", f"{CLIP} {TONE} {MPEG4} {AAC}"),
    line("mpeg4.avi", f"{CLIP} {TONE} {MPEG4} -c:a mp3"),
    line("mpeg1.mpg", f"{CLIP} {TONE} -c:v mpeg1video -g 12 -bf 2 -c:a mp2", marks=(MP2_IN_MP4,)),
    line("mpeg2_interlaced.ts", f"{CLIP} {MPEG2} -flags +ildct+ilme -top 1"),
    line("msmpeg4.avi", f"{CLIP} {TONE} -c:v msmpeg4 -g 12 -c:a mp3"),
    line("flv1.flv", f"{CLIP} {TONE} -c:v flv -g 12 -c:a mp3"),
    line("h263.3gp", f"{CLIP} {TONE} -s 176x144 -c:v h263 -g 12 {AAC}"),
    line("huffyuv.avi", f"{CLIP} {TONE} -c:v huffyuv -pix_fmt yuv422p -c:a mp3"),
    line("rawvideo.nut", f"{CLIP} -c:v rawvideo -pix_fmt yuv420p"),
    line("png.mov", f"{CLIP} -c:v png -pix_fmt rgb24", marks=(NO_RGB_IN_H264,)),
    line("ffv1_rgb.mkv", f"{CLIP} -c:v ffv1 -pix_fmt bgr0", marks=(NO_RGB_IN_H264,)),
    line(
        "odd_size.mkv",
        "-f lavfi -i testsrc=s=161x121:d=1 -pix_fmt yuv420p -c:v ffv1",
        marks=(Refused(".mp4", 2, "161x121"),),
    ),
    line("gif.gif", f"{CLIP}", marks=(NO_ALPHA,)),
    line("full_range.mp4", f"{CLIP} {H264} -pix_fmt yuvj420p", marks=(FULL_RANGE_IN_MOV,)),
    line(
        "rotated.mp4",
        f"{CLIP} {H264} plain.mp4",
        "-i plain.mp4 -c copy -metadata:s:v:0 rotate=90",
        marks=(TURNED_IN_MKV,),
    ),
    line("mpeg4.mkv", f"{CLIP} {TONE} {MPEG4} -c:a flac", marks=(NO_FLAC_IN_MP4,)),
    line(
        "vp8_altref.webm", f"{CLIP} {VP8} -pass 1 -passlogfile log -f null -", f"{CLIP} {VP8} -pass 2 -passlogfile log",
    ),
    line("vp8.ivf", f"{CLIP} -c:v libvpx -deadline realtime -auto-alt-ref 0 -g 20"),
    line("vp9_altref.webm", f"{CLIP} {TONE} {VP9} -c:a libvorbis"),
    line("vp9.ivf", f"{CLIP} {VP9}"),
    line("av1.mp4", f"{CLIP} {TONE} {AV1} {AAC}"),
    line("av1.webm", f"{CLIP} {AV1}"),
    line("av1.ivf", f"{CLIP} {AV1}"),
    line("mjpeg.avi", f"{CLIP} {TONE} -c:v mjpeg -q:v 4 -c:a pcm_s16le", marks=(NO_PCM_IN_MP4, FULL_RANGE_IN_MOV)),
    line("mjpeg.mov", f"{CLIP} {TONE} -c:v mjpeg -q:v 4 -c:a pcm_s16be", marks=(NO_PCM_IN_MP4, FULL_RANGE_IN_MOV)),
    line("ffv1.mkv", f"{CLIP} {TONE} -c:v ffv1 -c:a pcm_s16le", marks=(NO_PCM_IN_MP4,)),
    line("ffv1.nut", f"{CLIP} {TONE} -c:v ffv1 -c:a mp3"),
    line("theora.ogg", f"{CLIP} {TONE} -c:v libtheora -g 12 -c:a libvorbis"),
    line(
        "wmv2.asf",
        f"{CLIP} {TONE} -c:v wmv2 -g 12 -c:a wmav2",
        marks=(WMA_IN_MOV, Refused(".mp4", 4, "cannot carry stream 1 (wmav2 audio)")),
    ),
]

CUT_PIECES = [
    line("open_cut_264.mkv", f"{CLIP} {TONE} {OPEN} {AAC} whole.mkv", "-ss 0.9 -i whole.mkv -c copy", sample=True),
    line("open_cut_264.ts", f"{CLIP} {TONE} {OPEN} {AAC} whole.ts", "-ss 0.9 -i whole.ts -c copy"),
    line("open_cut_265.mkv", f"{CLIP} {TONE} {HEVC}:open-gop=1 {AAC} whole.mkv", "-ss 0.9 -i whole.mkv -c copy"),
    line(
        "open_cut_mpeg2.ts",
        f"{CLIP} {TONE} {MPEG2} -c:a mp2 whole.ts",
        "-ss 0.9 -i whole.ts -c copy",
        marks=(MP2_IN_MP4,),
    ),
    line("edit_list.mp4", f"{CLIP} {TONE} {H264} {AAC} whole.mp4", "-ss 0.7 -i whole.mp4 -c copy", sample=True),
    line("edit_list.mov", f"{CLIP} {TONE} {OPEN} {AAC} whole.mov", "-ss 1.1 -i whole.mov -c copy"),
    line("mid_gop_264.ts", f"{CLIP} {TONE} {OPEN} {AAC} whole.ts", Edit(begun_late, ("whole.ts",))),
    line(
        "mid_gop_mpeg2.ts",
        f"{CLIP} {TONE} {MPEG2} -c:a mp2 whole.ts",
        Edit(begun_late, ("whole.ts",)),
        marks=(MP2_IN_MP4,),
    ),
    line("mid_gop_265.ts", f"{CLIP} {TONE} {HEVC}:open-gop=1 {AAC} whole.ts", Edit(begun_late, ("whole.ts",))),
    line(
        "joined_lists.mp4",
        f"{CLIP} {TONE} {H264} {AAC} one.mp4",
        Edit(two_pieces, to="list.txt"),
        "-f concat -i list.txt -c copy",
        # The pieces overlap: ffmpeg too shows seven pictures at one time.
        marks=(Refused(ALL, 3, "do not go on"),),
    ),
    line(
        "joined.ts",
        f"{CLIP} {TONE} {H264} {AAC} one.ts",
        Edit(joined, ("one.ts", "one.ts")),
        marks=(Refused(ALL, 3, "jumps back from"),),
    ),
]

TIMES = [
    line(
        "stamps_on_keys.ts",
        f"{CLIP} {TONE} {OPEN} {AAC} all.ts",
        Edit(stamped_on_key_frames, ("all.ts",)),
        sample=True,
    ),
    line("vfr.mp4", f"{CLIP} {TONE} -vf select='lt(mod(n\\,7)\\,3)' -fps_mode vfr {H264} {AAC}"),
    line("vfr.mkv", f"{CLIP} {TONE} -vf setpts='(N+0.3*mod(N\\,3))/25/TB' -fps_mode vfr {OPEN} {AAC}"),
    line("negative_start.mp4", f"{CLIP} {TONE} {H264} {AAC} -output_ts_offset -0.5 -avoid_negative_ts disabled"),
    line("late_start.mp4", f"{CLIP} {TONE} {H264} {AAC} -output_ts_offset 1.3"),
    line("late_start.mkv", f"{CLIP} {TONE} {H264} {AAC} -output_ts_offset 1.3"),
    line("rate_29_97.mp4", f"-f lavfi -i testsrc2=s=160x120:r=30000/1001:d=2 {TONE} {H264} {AAC}"),
    line("rate_29_97.mkv", f"-f lavfi -i testsrc2=s=160x120:r=30000/1001:d=2 {TONE} {H264} {AAC}"),
    line("rate_23_976.avi", f"-f lavfi -i testsrc2=s=160x120:r=24000/1001:d=2 {MPEG4}"),
    line("frames_37.mp4", f"{CLIP} {H264} -frames:v 37"),
    line("frames_59.mpg", f"{CLIP} {MPEG2} -frames:v 59"),
    line("one_frame.mp4", f"{CLIP} {H264} -frames:v 1"),
    line("one_frame.mkv", f"{CLIP} -c:v mjpeg -frames:v 1", marks=(FULL_RANGE_IN_MOV,)),
    line("clock_wrap.ts", f"{CLIP} {TONE} {H264} {AAC} -output_ts_offset 95441.5"),
    line(
        "clock_wrap_late.ts",
        f"-f lavfi -i testsrc2=s=160x120:r=25:d=4 -f lavfi -i sine=d=4 {H264} {AAC} -output_ts_offset 95439.6",
    ),
    line(
        "rate_2000.mp4",
        f"-f lavfi -i testsrc2=s=160x120:r=2000:d=0.1 {H264}",
        marks=(Refused(".mkv", 4, "counts time"),),
    ),
]

OTHER_STREAMS = [
    line("audio_longer.mp4", f"{CLIP} -f lavfi -i sine=d=4 {H264} {AAC}"),
    line("audio_shorter.mp4", f"{CLIP} -f lavfi -i sine=d=1 {H264} {AAC}"),
    line("audio_later.mkv", f"{CLIP} -itsoffset 0.83 {TONE} {H264} {AAC}"),
    line("audio_later.mp4", f"{CLIP} -itsoffset 0.83 {TONE} {H264} {AAC}"),
    line(
        "two_languages.mp4",
        f"{CLIP} {TONE} -f lavfi -i sine=f=660:d=2 -map 0 -map 1 -map 2 {H264} {AAC} -metadata:s:a:0 language=eng"
        " -metadata:s:a:1 language=deu -disposition:a:0 0 -disposition:a:1 default",
        marks=(GERMAN_IN_MOV,),
        sample=True,
    ),
    line(
        "two_languages.mkv",
        f"{CLIP} {TONE} -f lavfi -i sine=f=660:d=2 -map 0 -map 1 -map 2 {H264} -c:a ac3 -metadata:s:a:0 language=eng"
        " -metadata:s:a:1 language=deu -disposition:a:0 0 -disposition:a:1 default+comment",
        marks=(GERMAN_IN_MOV, NO_COMMENT_IN_MOV),
    ),
    line(
        "subtitles.mkv",
        SUBTITLES,
        f"{CLIP} {TONE} -i s.srt {H264} {AAC} -c:s srt -metadata:s:s:0 language=fra",
        marks=(Refused(".mov .mp4", 4, "cannot carry stream 2 (subrip subtitle)"),),
    ),
    line(
        "subtitles.mp4",
        SUBTITLES,
        f"{CLIP} {TONE} -i s.srt {H264} {AAC} -c:s mov_text -metadata:s:s:0 language=fra",
        marks=(MOVTEXT_IN_MKV,),
    ),
    line(
        "chapters.mkv", CHAPTERS, f"{CLIP} {TONE} -i c.txt -map 0 -map 1 -map_metadata 2 -map_chapters 2 {H264} {AAC}",
    ),
    line(
        "chapters.mp4", CHAPTERS, f"{CLIP} {TONE} -i c.txt -map 0 -map 1 -map_metadata 2 -map_chapters 2 {H264} {AAC}",
    ),
    line(
        "two_videos.mkv",
        f"{CLIP} -f lavfi -i testsrc=s=128x96:r=25:d=2.4 -map 0 -map 1 {H264}",
        sample=True,
    ),
    line("two_videos.mp4", f"{CLIP} -f lavfi -i testsrc=s=128x96:r=25:d=2.4 -map 0 -map 1 {H264}"),
    line("alac.mkv", f"{CLIP} {TONE} {H264} -c:a alac"),
    line("flac.mkv", f"{CLIP} {TONE} {H264} -c:a flac", marks=(NO_FLAC_IN_MP4,)),
    line("vorbis.mkv", f"{CLIP} {TONE} {H264} -c:a libvorbis"),
    line("pcm.mov", f"{CLIP} {TONE} {H264} -c:a pcm_s24le", marks=(NO_PCM_IN_MP4,)),
    line("audio_first.mkv", f"{CLIP} {TONE} -map 1 -map 0 {H264} {AAC}"),
    line("silent_gap.mkv", f"{CLIP} {TONE} -af aselect='not(between(t\\,0.8\\,1.3))' {H264} {AAC}"),
    line("timecode.mov", f"{CLIP} {H264} -timecode 01:00:00:00"),
    line("opus.mkv", f"{CLIP} {TONE} {H264} -c:a libopus", marks=(NO_OPUS_IN_MOV,)),
    line("opus.mp4", f"{CLIP} {TONE} {H264} -c:a libopus", marks=(NO_OPUS_IN_MOV,)),
]

BROKEN = [
    refused(
        "broken_off.mkv",
        f"{CLIP} {H264} whole.mkv",
        Edit(broken_off, ("whole.mkv",)),
        code=3, phrase=DAMAGED, sample=True,
    ),
    refused(
        "broken_off.mp4",
        f"{CLIP} {H264} whole.mp4",
        Edit(broken_off, ("whole.mp4",)),
        code=3, phrase="its head is damaged",
    ),
    refused("broken_off.flv", f"{CLIP} {H264} whole.flv", Edit(broken_off, ("whole.flv",)), code=3, phrase=DAMAGED),
    refused("broken_off.ogg", f"{CLIP} -c:v libtheora whole.ogg", Edit(broken_off, ("whole.ogg",)), code=3, phrase=DAMAGED),
    line(
        "broken_off.mpg",
        f"{CLIP} {MPEG2} whole.mpg",
        Edit(broken_off, ("whole.mpg",)),
        marks=(Refused(ALL, 3, DAMAGED), BREAK_IN_MPG),
    ),
    refused("hole.avi", f"{CLIP} {MPEG4} whole.avi", Edit(with_a_hole, ("whole.avi",)), code=3, phrase=DAMAGED),
    refused(
        "broken_off.avi",
        f"{CLIP} {MPEG4} whole.avi",
        Edit(broken_off, ("whole.avi",)),
        code=3, phrase=DAMAGED,
    ),
    refused(
        "hole.mkv",
        f"{CLIP} {H264} whole.mkv",
        Edit(with_a_hole, ("whole.mkv",)),
        code=3, phrase=DAMAGED,
    ),
    refused(
        "hole.webm",
        f"{CLIP} {VP9} whole.webm",
        Edit(with_a_hole, ("whole.webm",)),
        code=3, phrase=DAMAGED,
    ),
    refused("empty.mp4", Edit(empty), code=3, phrase="is empty"),
    refused("ten_bits.mkv", f"{CLIP} -pix_fmt yuv420p10le -c:v ffv1", code=3, phrase="only 8 are supported"),
    refused("text.mp4", Edit(text), code=3, phrase="not a video"),
    refused("audio_only.mp4", f"{TONE} {AAC}", code=3, phrase="has no video"),
]

NAMES = [
    line("name_with_spaces", f"{CLIP} {PLAIN}", file="two words and  more.mp4"),
    line("name_with_quotes", f"{CLIP} {PLAIN}", file="it's \"quoted\" $HOME `x`.mp4"),
    line("name_in_unicode", f"{CLIP} {PLAIN}", file="Gänsefüßchen 日本 🎬.mp4"),
    line("name_with_dash", f"{CLIP} {PLAIN}", file="./-o.mp4"),
    line("name_with_colon", f"{CLIP} {PLAIN}", file="./concat:a|b%d.mp4"),
]

TABLE = CODECS_AND_CONTAINERS + CUT_PIECES + TIMES + OTHER_STREAMS + BROKEN + NAMES
